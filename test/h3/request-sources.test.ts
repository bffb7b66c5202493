import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AuthServer, RequestSource } from '../../adapters/h3/index.ts'
import { AuthError, toAuthError } from '../../machines/index.ts'
import { startServer } from './harness.ts'
import { overHttp1, overHttp2 } from './wire.ts'

/** Creates the request that a Node server receives. */
async function toNodeRequest(headers: Record<string, string>, method: string, isHttp2 = false) {
  const server = isHttp2 ? createHttp2Server() : createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  const wire = isHttp2 ? overHttp2(url, { ca: '' }) : overHttp1(url)
  onTestFinished(() => {
    wire.close()
    server.close()
  })
  void wire.send({ method, path: '/page?x=1', headers }).catch(() => {})
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, { end(): void }]
  onTestFinished(() => response.end())
  return request
}

const toUpper = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))

type ToSource = (headers: Record<string, string>, method: string) => RequestSource | Promise<RequestSource>

const sources: readonly (readonly [string, ToSource])[] = [
  ['a Request', (headers, method) => new Request('http://localhost/page', { headers, method })],
  ['a request of Node', (headers, method) => toNodeRequest(headers, method)],
  ['a request of Node over HTTP/2', (headers, method) => toNodeRequest(headers, method, true)],
  ['an event of h3 v1', async (headers, method) => ({ node: { req: await toNodeRequest(headers, method) } })],
  ['{ headers: Headers }', (headers) => ({ headers: new Headers(headers) })],
  ['{ headers: a record }', (headers) => ({ headers })],
  ['{ headers: a record in capitals }', (headers) => ({ headers: toUpper(headers) })],
  [
    '{ headers, method, url }',
    (headers, method) => ({ headers, method: method.toLowerCase(), url: 'http://localhost/page' }),
  ],
]

async function openSignedIn() {
  const server = await startServer()
  const browser = server.browser()
  const stream = await browser.open()
  await browser.token(server.mint())
  stream.close()
  return { ...server, browser, cookie: browser.cookie! }
}

const attempt = async (work: Promise<unknown>) =>
  work.then(
    () => 'passes',
    (error: unknown) => toAuthError(error).code,
  )

describe.each(sources)('%s', (_, toSource) => {
  it('gives the session that its cookie names', async () => {
    const { auth, cookie, browser } = await openSignedIn()
    const from = await toSource({ cookie, host: 'localhost' }, 'GET')
    expect(await auth.session(from)).toMatchObject({
      isSignedIn: true,
      userId: 'user_a',
      claims: { iss: expect.any(String) },
    })
    expect((await auth.publicView(from)).claims).not.toHaveProperty('iss')
    expect((await auth.whenChecked(from)).userId).toBe('user_a')
    expect((await auth.require(from, { impersonation: false })).userId).toBe('user_a')
    expect((await auth.explain(from)).summary).toMatch(/^Signed in/)
    const signal = auth.signal(from)
    expect(signal.aborted).toBe(false)
    await browser.clear()
    expect(signal.aborted).toBe(true)
    expect((await auth.session(from)).state).toBe('signedOut')
  })

  it('remembers the user whom its token has let in', async () => {
    const { auth, mint } = await startServer()
    const from = await toSource({ authorization: `Bearer ${mint()}`, host: 'localhost' }, 'GET')
    expect((await auth.session(from)).state).toBe('unchecked')
    expect((await auth.require(from)).userId).toBe('user_a')
    expect((await auth.session(from)).userId).toBe('user_a')
    expect((await auth.session({ headers: { host: 'localhost' } })).state).toBe('unchecked')
  })

  it('is held to the origin rule where it may change something', async () => {
    const { auth, cookie } = await openSignedIn()
    const host = 'localhost'
    const ask = async (headers: Record<string, string>, method: string) =>
      attempt(auth.require(await toSource({ cookie, host, ...headers }, method)))
    expect(await ask({ origin: 'https://evil.example' }, 'POST')).toBe('origin-rejected')
    expect(await ask({ origin: 'http://localhost' }, 'POST')).toBe('passes')
    expect(await ask({ 'sec-fetch-site': 'cross-site' }, 'GET')).toBe('passes')
    expect(await attempt(auth.require(await toSource({ host }, 'POST')))).toBe('not-signed-in')
  })
})

it('passes its request to a rule of the caller', async () => {
  const { auth, cookie } = await openSignedIn()
  const from = { headers: { cookie }, tenant: 'acme' }
  const seen: unknown[] = []
  await auth.require(from, { check: ({ userId }, { tenant }) => seen.push(userId, tenant) })
  expect(seen).toEqual(['user_a', 'acme'])
})

it('reads the secure cookie alone over https', async () => {
  const { auth, cookie } = await openSignedIn()
  expect((await auth.session({ headers: { cookie }, url: 'https://app.example.test/' })).state).toBe('unchecked')
  expect((await auth.session({ headers: { cookie, 'x-forwarded-proto': 'https' } })).state).toBe('unchecked')
  expect((await auth.session({ headers: { cookie }, socket: { encrypted: true } } as never)).state).toBe('unchecked')
  expect((await auth.session({ headers: { cookie } })).userId).toBe('user_a')
})

describe('a value that is not a request', () => {
  const accepted = /^The request must be an H3Event, a Request, a Node request, or an object with headers/
  const calls: readonly (readonly [string, (auth: AuthServer, from: never) => unknown])[] = [
    ['session', (auth, from) => auth.session(from)],
    ['publicView', (auth, from) => auth.publicView(from)],
    ['whenChecked', (auth, from) => auth.whenChecked(from)],
    ['require', (auth, from) => auth.require(from)],
    ['getUser', (auth, from) => auth.getUser(from)],
    ['explain', (auth, from) => auth.explain(from)],
    ['signal', async (auth, from) => auth.signal(from)],
  ]

  it.each(calls)('causes a TypeError that says so: %s', async (_, call) => {
    const { auth } = await startServer()
    for (const from of [
      undefined,
      null,
      'cookie=1',
      7,
      {},
      { headers: 'cookie' },
      { headers: null },
      { req: {} },
      [],
    ]) {
      const error: unknown = await Promise.resolve(call(auth, from as never)).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toMatch(accepted)
    }
  })

  it('gets a hint if it resembles a request', async () => {
    const { auth } = await startServer()
    const headers = new Headers({ cookie: 'authchart=secret' })
    await expect(auth.session(headers as never)).rejects.toThrow(/; give headers as \{ headers \}$/)
    await expect(auth.session(Promise.resolve({ headers }) as never)).rejects.toThrow(/; await the promise first$/)
    await expect(auth.session({ headers: Promise.resolve(headers) } as never)).rejects.toThrow(
      /await the promise first$/,
    )
  })
})

describe('auth.toResponse', () => {
  it('makes a problem document of what auth.require rejects with', async () => {
    const { auth } = await startServer()
    const error: unknown = await auth.require(new Request('http://localhost/')).catch((cause: unknown) => cause)
    const answer = auth.toResponse(error)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      401,
      'application/problem+json; charset=utf-8',
      'no-store, no-transform',
    ])
    expect(await answer.json()).toMatchObject({
      type: 'urn:authchart:error:not-signed-in',
      status: 401,
      code: 'not-signed-in',
    })
  })

  it('says when to ask again', async () => {
    const { auth } = await startServer()
    const answer = auth.toResponse(new AuthError('too-many-requests', undefined, { retryAfter: 2_500 }))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3'])
  })

  it('throws an error that is not its own, so that a redirect of a framework goes through', async () => {
    const { auth } = await startServer()
    for (const error of [
      new Error('NEXT_REDIRECT'),
      new Response(null, { status: 302 }),
      toAuthError('x'),
      undefined,
    ]) {
      let thrown: unknown
      try {
        auth.toResponse(error)
      } catch (cause) {
        thrown = cause
      }
      expect(thrown).toBe(error)
    }
  })
})
