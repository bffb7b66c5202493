import { afterEach, describe, expect, it, vi } from 'vitest'
import { startServer, type TestServer } from './harness.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const cookieless: Record<string, string>[] = [{}, { cookie: 'other=1; xauthchart=2' }]
const cookied = { cookie: `authchart=${'A'.repeat(43)}` }

/** The requests of a client that knows the channel of a session. */
const requests: readonly [string, (server: TestServer, query: string, headers?: Record<string, string>) => Request][] =
  [
    ['GET /auth/events', ({ url }, query, headers) => new Request(`${url}/auth/events?tab=t1&${query}`, { headers })],
    ['GET /auth/session', ({ url }, query, headers) => new Request(`${url}/auth/session?${query}`, { headers })],
    [
      'POST /auth/events with a token',
      (server, query, headers) =>
        new Request(`${server.url}/auth/events?${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: server.url, ...headers },
          body: JSON.stringify({ type: 'token.received', token: server.mint() }),
        }),
    ],
    [
      'POST /auth/events with a sign-out',
      (server, query, headers) =>
        new Request(`${server.url}/auth/events?${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: server.url, ...headers },
          body: JSON.stringify({ type: 'session.cleared' }),
        }),
    ],
  ]

async function ask(request: Request) {
  const response = await fetch(request)
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  const body = (isJson ? await response.json() : (await response.body?.cancel(), {})) as {
    code?: string
    detail?: string
  }
  return { status: response.status, setCookie: response.headers.get('set-cookie'), body }
}

describe.each(requests)('%s that names a channel', (_, toRequest) => {
  it('is refused without a session cookie, and leaves no session behind', async () => {
    const server = await startServer()
    for (const headers of cookieless) {
      const { status, setCookie, body } = await ask(toRequest(server, 'channel=node1234.AbC-_9', headers))
      expect([status, body.code, setCookie]).toEqual([400, 'cookie-missing', null])
      expect(body).toMatchObject({ retryable: false, title: 'The browser did not send the session cookie' })
      expect(body.detail).toContain('cookie.secure: false')
      expect(body.detail).toContain("cookie.sameSite: 'none'")
      expect(body.detail).toContain("credentials: 'include'")
    }
    expect(server.auth.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
  })

  it.each(['authchart', '__Host-authchart'])('is answered normally if it has %s, even an unknown one', async (name) => {
    for (const mode of ['development', 'production']) {
      vi.stubEnv('NODE_ENV', mode)
      const server = await startServer()
      const headers = { cookie: `${name}=${'A'.repeat(43)}` }
      expect((await ask(toRequest(server, 'channel=unknown', headers))).status).toBe(200)
      expect(server.lines.filter(([, code]) => code === 'cookie.missing')).toEqual([])
    }
  })

  it('is answered normally if it names no channel', async () => {
    const server = await startServer()
    expect((await ask(toRequest(server, ''))).status).toBe(200)
  })

  it.each(['', 'a b', 'a%00', 'é', 'a'.repeat(65), '%3Cb%3E'])(
    'is malformed with the channel "%s"',
    async (channel) => {
      const server = await startServer()
      for (const headers of [...cookieless, cookied]) {
        const { status, body } = await ask(toRequest(server, `channel=${channel}`, headers))
        expect([status, body.code]).toEqual([400, 'request-malformed'])
      }
      expect(server.auth.stats().sessions).toBe(0)
    },
  )
})

it('the log says once per server that a cookie is missing, and what to do', async () => {
  const server = await startServer()
  for (const [, toRequest] of requests) await ask(toRequest(server, 'channel=c'))
  expect(server.lines.filter(([, code]) => code === 'cookie.missing')).toEqual([
    ['warn', 'cookie.missing', { name: 'authchart', remedy: expect.stringContaining('cookie.secure: false') }],
  ])
})

describe('the view has a channel only if there is a cookie for it: none', () => {
  const blank = { channel: '', rev: 0, isSignedIn: false }

  it.each<[string, object, number]>([
    ['refused', { exp: 1, nbf: 0, iat: 0 }, 401],
    ['of a session with a task to finish', { sts: 'pending' }, 200],
  ])('by the answer to a token without a session that is %s', async (_, claims, expected) => {
    const server = await startServer()
    const { status, body, cookie } = await server.browser().token(server.mint(claims))
    expect([status, cookie]).toEqual([expected, undefined])
    expect(status === 200 ? body : body.view).toMatchObject({ ...blank, state: 'signedOut' })
  })

  it('the view of a page that is rendered from the token in its own request has no channel', async () => {
    const server = await startServer({}, (app, auth) =>
      app.get('/page', async (event) => {
        await auth.whenChecked(event)
        return auth.publicView(event)
      }),
    )
    const { body } = await server.send('/page', { headers: { authorization: `Bearer ${server.mint()}` } })
    expect(body).toMatchObject({ channel: '', rev: 0, isSignedIn: true, userId: 'user_a' })
  })
})
