import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { H3, toNodeHandler } from 'h3'
import { describe, expect, it } from 'vitest'
import { createMemorySessionStore, type SessionStore } from '../../adapters/h3/index.ts'
import { eventually, startServer } from './harness.ts'
import { onNode, type OpenHost } from './hosts.ts'
import { middlewares, reCreating, wrapping } from './wrapping.ts'

/** Opens a stream and signs in, in an app with a middleware that sets a header and a cookie of its own. */
async function openSignedIn(openHost: OpenHost, extend: (app: H3) => void) {
  const server = await startServer(
    {},
    (app) => {
      app.use('/auth/events', (event) => {
        if (event.req.method !== 'GET') return
        event.res.headers.set('x-app', 'yes')
        event.res.headers.append('set-cookie', 'theirs=1')
      })
      extend(app)
    },
    openHost,
  )
  const stream = await server.open({}, 'tab1')
  const cookies = stream.headers['set-cookie']?.map((line) => line.split(';')[0]) ?? []
  expect([stream.status, stream.headers['content-type'], stream.headers['x-app'], cookies]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'yes',
    ['theirs=1', expect.stringMatching(/^authchart=/)],
  ])
  expect(await stream.view()).toMatchObject({ state: 'unchecked' })
  const browser = server.browser('tab1')
  browser.cookie = cookies[1]
  await browser.token(server.mint())
  await stream.viewWhere(({ isSignedIn }) => isSignedIn)
  await browser.token(server.mint({ o: { id: 'org_1' } }))
  await stream.viewWhere(({ orgId }) => orgId === 'org_1')
  return { server, stream }
}

describe.each([
  ...wrapping.map(([name, host]) => [name, host, () => {}] as const),
  ...middlewares.map(([name, extend]) => [name, onNode(), extend] as const),
])('a host or middleware: %s', (name, openHost, extend) => {
  it('sends every frame at once, and the stream is released when its reader goes', async () => {
    const { server, stream } = await openSignedIn(openHost, extend)
    expect(stream.headers['x-outer']).toBe(/sets? .*header/.test(name) ? 'yes' : undefined)
    expect(server.auth.stats().streams).toBe(1)
    stream.close()
    await eventually(() => server.auth.stats().streams === 0, 'the end of the stream')
  })

  it('ends the stream with a goodbye when the server closes', async () => {
    const { server, stream } = await openSignedIn(openHost, extend)
    await server.auth.close({ timeout: 100 })
    await stream.ended
    expect(stream.text()).toMatch(/event: bye\ndata: \{"reason":"closing"\}\n\n$/)
  })
})

it("writes straight to Node's response if nothing touches the answer", async () => {
  const chunks: unknown[] = []
  const server = await startServer({}, (app) => {
    app.use((event) => {
      const response = event.runtime!.node!.res as ServerResponse
      const write = response.write.bind(response)
      response.write = ((chunk: unknown, done: () => void) => {
        chunks.push(chunk)
        return write(chunk, done)
      }) as typeof response.write
    })
  })
  await (await server.open()).view()
  expect(chunks).toEqual([expect.stringMatching(/^retry: \d+\n\nevent: view\n/)])
})

it('drops the credentials of a request whose answer is wrapped, once its head is sent', async () => {
  const requests: IncomingMessage[] = []
  const note = (app: H3) => app.use((event) => void requests.push(event.runtime!.node!.req as IncomingMessage))
  const server = await startServer({}, note, reCreating)
  const token = server.mint()
  const stream = await server.open({ cookie: 'preferences=dark', authorization: `Bearer ${token}` }, 'tab1')
  await stream.view()
  const browser = server.browser('tab1')
  browser.cookie = stream.headers['set-cookie']?.[0]?.split(';')[0]
  await browser.token(server.mint({ o: { id: 'org_1' } }))
  await stream.viewWhere(({ orgId }) => orgId === 'org_1')
  const text = JSON.stringify([requests[0]?.headers, requests[0]?.rawHeaders])
  expect(text).not.toContain(token)
  expect(text).not.toContain('preferences')
})

describe('an answer without a reader', () => {
  const drop = (touch: (response: Response) => unknown) =>
    onNode((inner) =>
      toNodeHandler(
        new H3().all('/**', async (event) => {
          const response = await inner.fetch(event.req)
          if (event.req.method !== 'GET') return response
          touch(response)
          return 'something else'
        }),
      ),
    )

  it.each([
    ['is dropped', drop(() => {})],
    ['is looked at and dropped', drop(({ body }) => body)],
    ['is cancelled', drop(({ body }) => body?.cancel())],
    [
      'is cancelled while it is read',
      drop(async ({ body }) => {
        const reader = body!.getReader()
        void reader.read().then(() => reader.read())
        await reader.cancel()
      }),
    ],
  ])('leaves no stream behind: %s', async (_, openHost) => {
    const server = await startServer({}, undefined, openHost)
    expect((await server.send('/auth/events')).status).toBe(200)
    await eventually(() => server.auth.stats().streams === 0, 'the end of the stream')
    await server.auth.close({ timeout: 0 })
    expect(server.auth.stats().sessions).toBe(0)
  })
})

describe.each([
  ['straight', onNode()],
  ['wrapped', reCreating],
])('a browser that has gone before its answer, %s', (_, openHost) => {
  it('leaves no stream behind', async () => {
    const memory = createMemorySessionStore()
    let isAsked = false
    let goOn = () => {}
    const store: SessionStore = {
      ...memory,
      async read(...request) {
        isAsked = true
        await new Promise<void>((resolve) => (goOn = resolve))
        return memory.read(...request)
      },
    }
    const server = await startServer({ store }, undefined, openHost)
    const { port, host } = new URL(server.url)
    const browser = connect(Number(port), '127.0.0.1')
    browser.write(`GET /auth/events HTTP/1.1\r\nHost: ${host}\r\nCookie: authchart=${'A'.repeat(43)}\r\n\r\n`)
    await eventually(() => isAsked, 'the request')
    browser.destroy()
    await eventually(() => server.sockets.every(({ destroyed }) => destroyed), 'the end of the connection')
    goOn()
    await eventually(() => server.auth.stats().sessions === 1, 'the session')
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(server.auth.stats().streams).toBe(0)
  })
})
