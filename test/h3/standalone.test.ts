import type { RequestListener } from 'node:http'
import compression from 'compression'
import express from 'express'
import { describe, expect, it } from 'vitest'
import type { AuthServer } from '../../adapters/h3/index.ts'
import { startServer } from './harness.ts'
import { listening, onFastify, standalone, startStandalone } from './standalone-hosts.ts'

describe.each(standalone)('%s', (_, toHost) => {
  it('signs in, streams, renews, guards a route and signs out', async () => {
    const server = await startStandalone(toHost)
    const browser = server.browser()
    const stream = await browser.open()
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    expect((await server.send('/api/me')).body).toMatchObject({ code: 'not-signed-in', status: 401 })

    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
    const { expiresAt } = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect((await browser.get('/api/me')).body.userId).toBe('user_a')

    await browser.token(server.mint({ exp: expiresAt! / 1_000 + 60 }))
    await stream.viewWhere((view) => view.expiresAt === expiresAt! + 60_000)
    expect((await browser.session()).body.isSignedIn).toBe(true)

    await browser.clear()
    await stream.viewWhere(({ state }) => state === 'signedOut')
    expect((await browser.get('/api/me')).status).toBe(401)
    stream.close()
  })

  it('refuses a change that the page of another site makes with a cookie', async () => {
    const server = await startStandalone(toHost)
    const browser = server.browser()
    await browser.open()
    await browser.token(server.mint())
    const headers = { cookie: browser.cookie!, origin: 'https://evil.example' }
    const { status, headers: answered, body } = await server.send('/api/me', { method: 'POST', headers })
    expect([status, body.code]).toEqual([403, 'origin-rejected'])
    expect(answered.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  it('answers a path without a route with a problem document', async () => {
    const server = await startStandalone(toHost)
    const { status, body } = await server.send('/auth/other')
    expect([status, body.code]).toEqual([404, 'not-found'])
    const { status: other, headers } = await server.send('/auth/session', { method: 'DELETE' })
    expect([other, headers.get('allow')]).toEqual([405, 'GET, OPTIONS'])
  })
})

describe('auth.node', () => {
  it.each([
    [
      'Express',
      listening((auth) =>
        express().use((_, response, next) => {
          response.cookie('theme', 'dark').vary('Accept-Language')
          next()
        }, auth.node),
      ),
    ],
    [
      'Fastify',
      onFastify((fastify, auth) => {
        fastify.addHook('onRequest', async (_, reply) => {
          void reply.header('set-cookie', 'theme=dark; Path=/').header('vary', 'Accept-Language')
        })
        fastify.all('/auth/*', auth.node)
      }),
    ],
  ])('keeps the cookies and the Vary that were set before, in %s', async (_, toHost) => {
    const server = await startStandalone(toHost, { allowedOrigins: ['https://app.example.test'] })
    const stream = await server.open()
    const answers = [
      await server.post({ type: 'token.received', token: server.mint() }),
      await server.send('/auth/session'),
    ]
    const cookies = [stream.headers['set-cookie'], ...answers.map(({ headers }) => headers.getSetCookie())]
    expect(cookies.map((all) => all?.map((cookie) => cookie.split('=')[0]))).toEqual([
      ['theme', 'authchart'],
      ['theme', 'authchart'],
      ['theme'],
    ])
    expect(stream.headers['vary']).toBe('Accept-Language, Origin')
    stream.close()
  })

  it('leaves every other path, and the URL of its own, to later handlers and to a log', async () => {
    const seen: string[] = []
    const server = await startStandalone(
      listening((auth) =>
        express()
          .use((request, response, next) => {
            response.once('finish', () => seen.push(request.originalUrl + ' ' + request.url))
            next()
          })
          .use('/auth', auth.node)
          .use((request, response) => void response.json({ url: request.url })),
      ),
    )
    for (const path of ['/', '/authors', '/auth2/session', '/x/auth/session']) {
      expect((await server.send(path)).body).toEqual({ url: path })
    }
    await server.send('/auth/session')
    expect(seen.at(-1)).toBe('/auth/session /session')
  })

  it('answers other paths with 404 if no handler follows', async () => {
    const server = await startStandalone(
      listening((auth) => (request: never, response: never) => auth.node(request, response)),
    )
    expect((await server.send('/other')).body.code).toBe('not-found')
    expect((await server.send('/auth/session')).status).toBe(200)
  })

  it('streams through compression()', async () => {
    const server = await startStandalone(listening((auth) => express().use(compression({ threshold: 0 }), auth.node)))
    const stream = await server.open({ 'accept-encoding': 'gzip' })
    expect(await stream.view()).toMatchObject({ state: 'unchecked' })
    stream.close()
  })

  it('throws a TypeError that says what it takes', async () => {
    const { auth } = await startServer()
    for (const args of [[], [{}, {}], [new Request('http://localhost/auth/session'), {}]]) {
      expect(() => auth.node(...(args as unknown as Parameters<AuthServer['node']>))).toThrow(
        new TypeError('auth.node: it must be given the request and the response of Node, Express or Fastify'),
      )
    }
  })

  it('passes an error on if it cannot handle the request', async () => {
    const server = await startStandalone(
      listening((auth): RequestListener => (request, response) => {
        Object.defineProperty(request, 'headers', {
          get: () => {
            throw new Error('no headers')
          },
        })
        auth.node(request, response, (error) => response.writeHead(500).end(String(error)))
      }),
    )
    for (let twice = 0; twice < 2; twice += 1) expect((await server.send('/auth/session')).status).toBe(500)
  })
})

describe('auth.fetch', () => {
  const toUrl = (path: string) => `http://localhost${path}`

  it('returns undefined for a request outside its path', async () => {
    const { auth } = await startServer({ basePath: '/api/auth' })
    for (const path of ['/', '/auth/session', '/api/authors', '/v1/api/auth/session']) {
      expect(await auth.fetch(new Request(toUrl(path)))).toBeUndefined()
    }
    const answer = await auth.fetch(new Request(toUrl('/api/auth/session')))
    expect([answer?.status, await answer?.json()]).toEqual([200, expect.objectContaining({ state: 'unchecked' })])
    expect((await auth.fetch(new Request(toUrl('/api/auth'))))?.status).toBe(404)
  })

  it('releases a stream whose reader leaves, and one whose request is aborted', async () => {
    const { auth } = await startServer()
    const answer = await auth.fetch(new Request(toUrl('/auth/events')))
    const reader = answer!.body!.getReader()
    await reader.read()
    expect(auth.stats().streams).toBe(1)
    await reader.cancel()
    expect(auth.stats().streams).toBe(0)

    const client = new AbortController()
    const other = await auth.fetch(new Request(toUrl('/auth/events'), { signal: client.signal }))
    await other!.body!.getReader().read()
    client.abort()
    expect(auth.stats().streams).toBe(0)
  })

  it('throws a TypeError that says what it takes', async () => {
    const { auth } = await startServer()
    for (const request of [undefined, '/auth/session', { url: '/auth/session' }]) {
      await expect(auth.fetch(request as never)).rejects.toThrow(new TypeError('auth.fetch: request must be a Request'))
    }
  })
})
