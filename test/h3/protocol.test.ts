import { describe, expect, it } from 'vitest'
import { startServer, useVirtualTime, type PostResult } from './harness.ts'
import { onH3 } from './hosts.ts'
import { readSse } from './sse-reader.ts'

describe('GET /auth/events', () => {
  it('answers at once with headers, a retry and the first view, and sets the session cookie', async () => {
    const server = await startServer()
    const stream = await server.open()
    expect(stream.status).toBe(200)
    expect(stream.headers['content-type']).toMatch(/^text\/event-stream/)
    expect(stream.headers['cache-control']).toBe('no-store, no-transform')
    expect(stream.headers['set-cookie']).toEqual([
      expect.stringMatching(
        new RegExp(
          `^${server.cookie.prefix}authchart=[\\w-]{43}; HttpOnly; Path=/; SameSite=Lax${server.cookie.suffix}$`,
        ),
      ),
    ])
    const frame = await stream.next()
    expect(frame).toMatchObject({ event: 'view', id: '1' })
    expect(frame?.data).toEqual({
      channel: expect.stringMatching(/^[\w-]{8}\.[\w-]{16}$/),
      rev: 1,
      state: 'unchecked',
      authChecked: false,
      timedOut: false,
      isSignedIn: false,
      userId: null,
      sessionId: null,
      orgId: null,
      orgRole: null,
      actor: null,
      claims: null,
      user: null,
      error: null,
      expiresAt: null,
      now: expect.any(Number),
    })
    const retry = Number(/^retry: (\d+)\n\n/.exec(stream.text())?.[1])
    expect(retry).toBeGreaterThanOrEqual(1_000)
    expect(retry).toBeLessThanOrEqual(4_000)
  })

  it('keeps the session of a browser that comes back with its cookie, and sets no cookie', async () => {
    const browser = (await startServer()).browser()
    const first = await (await browser.open()).view()
    const again = await browser.open()
    expect((await again.view()).channel).toBe(first.channel)
    expect(again.headers['set-cookie']).toBeUndefined()
  })

  it('refuses a tab name with a wrong form', async () => {
    const server = await startServer()
    const { status, body } = await server.send('/auth/events?tab=a%20b')
    expect([status, body.code]).toEqual([400, 'request-malformed'])
  })
})

describe('POST /auth/events with token.received', () => {
  it('answers with the view after the verdict, which the stream shows too', async () => {
    const server = await startServer()
    const browser = server.browser()
    const stream = await browser.open()
    const { status, headers, body } = await browser.token(server.mint({ o: { id: 'org_1', rol: 'admin' } }))
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    expect(body).toMatchObject({
      state: 'signedIn',
      authChecked: true,
      isSignedIn: true,
      userId: 'user_a',
      sessionId: 'sess_a',
      orgId: 'org_1',
      orgRole: 'org:admin',
      error: null,
    })
    const shown = await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect({ ...shown, now: 0 }).toEqual({ ...body, now: 0 })
  })

  it('shows only the listed claims', async () => {
    const server = await startServer()
    const { body } = await server.browser().token(server.mint({ email: 'ada@example.test', fva: [1, -1] }))
    expect(Object.keys(body.claims ?? {})).toEqual(['sub', 'sid', 'fva', 'exp', 'iat'])
  })

  it('creates a session for a token without one, and keeps it only if it signs in', async () => {
    const server = await startServer()
    const refused = await server.browser().token(`${server.mint().slice(0, -8)}AAAAAAAA`)
    expect([refused.status, refused.body.code, refused.cookie]).toEqual([401, 'token-signature', undefined])
    expect(refused.body.view?.state).toBe('signedOut')
    expect(server.auth.stats().sessions).toBe(0)
    const browser = server.browser()
    expect((await browser.token(server.mint())).cookie).toContain('authchart=')
    expect((await browser.session()).body.isSignedIn).toBe(true)
    expect(server.auth.stats().sessions).toBe(1)
  })

  it('answers 200 and signed out for a pending Clerk session', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.open()
    const { status, body } = await browser.token(server.mint({ sts: 'pending' }))
    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'signedOut', isSignedIn: false, error: { code: 'session-pending' } })
  })

  it('keeps a proven session when another token is refused, and gives the reason', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const { status, body } = await browser.token('junk')
    expect([status, body.code]).toEqual([400, 'token-malformed'])
    expect(body.view).toMatchObject({ isSignedIn: true, userId: 'user_a', error: { code: 'token-malformed' } })
    expect((await browser.token(server.mint({ jti: 'next' }))).body.error).toBeNull()
  })

  it("signs out on a refused token with refusedToken: 'signOut'", async () => {
    const server = await startServer({ refusedToken: 'signOut' })
    const browser = server.browser()
    await browser.token(server.mint())
    expect((await browser.token('junk')).body.view).toMatchObject({ state: 'signedOut', isSignedIn: false })
  })

  it('answers 503 with Retry-After while the keys cannot be reached, and signs nobody out', async () => {
    const keys = await startServer({}, (app) => app.get('/jwks', () => new Response(null, { status: 500 })), onH3)
    const server = await startServer({ keys: { jwksUrl: `${keys.url}/jwks` } })
    const browser = server.browser()
    await browser.open()
    const { status, headers, body } = await browser.token(server.mint())
    expect([status, body.code]).toEqual([503, 'keys-unavailable'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(1)
    expect(body.view).toMatchObject({ state: 'error', authChecked: false })
  })

  it('does not check an identical token again', async () => {
    let checks = 0
    const server = await startServer({
      claims: {
        issuer: 'https://clerk.example.test',
        validate: () => {
          checks += 1
        },
      },
    })
    const browser = server.browser()
    const token = server.mint()
    const first = await browser.token(token)
    const again = await browser.token(token)
    expect([again.status, again.body.rev, checks]).toEqual([200, first.body.rev, 1])
  })

  it('checks an identical token again if that can clear an error', async () => {
    const server = await startServer()
    const browser = server.browser()
    const token = server.mint()
    await browser.token(token)
    await browser.token('junk')
    expect((await browser.token(token)).body).toMatchObject({ isSignedIn: true, error: null })
  })

  it('keeps the newer of two tokens of one session', async () => {
    const server = await startServer()
    const browser = server.browser()
    const now = Math.floor(Date.now() / 1_000)
    await browser.token(server.mint({ iat: now, o: { id: 'org_new' } }))
    const { status, body } = await browser.token(server.mint({ iat: now - 5, o: { id: 'org_old' } }))
    expect([status, body.orgId]).toEqual([200, 'org_new'])
  })

  it('switches the organisation within one second', async () => {
    const server = await startServer()
    const browser = server.browser()
    const iat = Math.floor(Date.now() / 1_000)
    await browser.token(server.mint({ iat, o: { id: 'org_1' } }))
    expect((await browser.token(server.mint({ iat, o: { id: 'org_2' } }))).body.orgId).toBe('org_2')
  })
})

describe('the order of requests', () => {
  it('ignores a request that a newer one of its tab has overtaken, and answers with the current view', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint(), { seq: 5 })
    const { status, body } = await browser.clear({ seq: 4 })
    expect([status, body.isSignedIn]).toEqual([200, true])
    const other = await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }), { seq: 3 })
    expect([other.status, other.body.userId]).toEqual([200, 'user_a'])
  })

  it('counts a request with the same seq as the last one as new, because that one may not have arrived', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint(), { seq: 5 })
    expect((await browser.clear({ seq: 5 })).body.state).toBe('signedOut')
  })

  it('counts the seq of each tab separately', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint(), { seq: 5 })
    expect((await browser.clear({ tab: 'tab2', seq: 1 })).body.state).toBe('signedOut')
  })
})

describe('POST /auth/events with session.cleared', () => {
  it('signs out, and every stream of the session shows it', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    const [one, two] = [await browser.open(), await browser.open({}, 'tab2')]
    const { status, body } = await browser.clear()
    expect(status).toBe(200)
    expect(body).toMatchObject({ state: 'signedOut', authChecked: true, isSignedIn: false, userId: null, claims: null })
    for (const stream of [one, two]) await stream.viewWhere(({ state }) => state === 'signedOut')
  })

  it('does nothing if another Clerk session is signed in by now', async () => {
    const server = await startServer()
    const browser = server.browser()
    await browser.token(server.mint())
    expect((await browser.clear({ sessionId: 'sess_before' })).body.isSignedIn).toBe(true)
    expect((await browser.clear({ sessionId: 'sess_a' })).body.isSignedIn).toBe(false)
  })

  it('creates nothing for a browser that the server does not know', async () => {
    const server = await startServer()
    const { status, body, cookie } = await server.browser().clear()
    expect([status, body.state, cookie, server.auth.stats().sessions]).toEqual([200, 'signedOut', undefined, 0])
  })
})

describe('GET /auth/session', () => {
  it('shows the view of the session, and creates no session', async () => {
    const server = await startServer()
    const blank = await server.send('/auth/session')
    expect(blank.status).toBe(200)
    expect(blank.body).toMatchObject({ channel: '', state: 'unchecked', isSignedIn: false })
    expect([blank.cookie, server.auth.stats().sessions]).toEqual([undefined, 0])
    const browser = server.browser()
    const { body } = await browser.token(server.mint())
    expect((await browser.session()).body).toEqual({ ...body, now: expect.any(Number) })
  })

  it('never says signed in past exp and the tolerance', async () => {
    useVirtualTime()
    const clock = { now: Date.now() }
    const server = await startServer({ clock: () => clock.now })
    const browser = server.browser()
    await browser.token(server.mint())
    clock.now += 119_999
    expect((await browser.session()).body.isSignedIn).toBe(true)
    clock.now += 1
    expect((await browser.session()).body).toMatchObject({ isSignedIn: false, error: { code: 'token-expired' } })
  })
})

describe('every answer', () => {
  it('is not cached, not transformed on its way, and not sniffed by the browser', async () => {
    const origin = 'https://app.example.com'
    const server = await startServer({ allowedOrigins: [origin] }, (app, auth) => {
      app.use('/guarded', auth.requireAuth())
    })
    const browser = server.browser()
    const stream = await browser.open()
    const answers = [
      await browser.token(server.mint()),
      await browser.token('junk'),
      await browser.clear(),
      await browser.session(),
      await server.post('{}', { origin: 'https://evil.example' }),
      await server.send('/auth/session', { method: 'OPTIONS', headers: { origin } }),
      await server.send('/auth/session', { method: 'DELETE' }),
      await server.send('/auth/other'),
      await server.send('/guarded'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 200, 403, 204, 405, 404, 401])
    for (const headers of [new Headers(stream.headers as Record<string, string>), ...answers.map((a) => a.headers)]) {
      expect(headers.get('cache-control')).toBe('no-store, no-transform')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

it('answers at each path with a slash at its end too, to which frameworks redirect every request', async () => {
  const server = await startServer({}, (app) =>
    app.use(({ url }, next) =>
      url.pathname.endsWith('/')
        ? next()
        : new Response(null, { status: 308, headers: { location: `${url.pathname}/` } }),
    ),
  )
  const headers = { 'content-type': 'application/json', origin: new URL(server.url).origin }
  const body = JSON.stringify({ type: 'token.received', token: server.mint() })
  const { status, body: view, cookie } = await server.send('/auth/events/', { method: 'POST', headers, body })
  expect([status, view.isSignedIn]).toEqual([200, true])
  const jar = { headers: { cookie: cookie! } }
  expect((await server.send('/auth/session/', jar)).body.isSignedIn).toBe(true)
  const stream = readSse(await server.sendExactly({ path: '/auth/events/?tab=tab1', ...jar }))
  expect((await stream.view()).isSignedIn).toBe(true)
  stream.close()
  expect((await server.send('/auth/events/more/')).body.code).toBe('not-found')
})

describe('an unknown path or method', () => {
  it.each(['/auth', '/auth/', '/auth/other', '/auth/events/more', '/auth/webhook'])(
    'answers %s with 404',
    async (path) => {
      const server = await startServer()
      const { status, headers, body } = await server.send(path)
      expect([status, body.code]).toEqual([404, 'not-found'])
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(headers.get('cache-control')).toBe('no-store, no-transform')
    },
  )

  it.each([
    ['PUT', '/auth/events', 'GET, POST, OPTIONS'],
    ['DELETE', '/auth/events', 'GET, POST, OPTIONS'],
    ['POST', '/auth/session', 'GET, OPTIONS'],
  ])('answers %s %s with 405 and the allowed methods', async (method, path, allow) => {
    const server = await startServer()
    const { status, headers, body } = await server.send(path, { method })
    expect([status, body.code, headers.get('allow')]).toEqual([405, 'method-not-allowed', allow])
  })

  it('every channel names the server, and another server has another name', async () => {
    const toNode = ({ body }: PostResult) => body.channel.split('.')[0]
    // If the suite runs behind a host, there is only one such host.
    const [one, two] = [await startServer(), await startServer({}, undefined, onH3)]
    const nodes: (string | undefined)[] = []
    for (const server of [one, one, two]) nodes.push(toNode(await server.browser().token(server.mint())))
    expect(nodes[0]).toBe(nodes[1])
    expect(nodes[2]).not.toBe(nodes[0])
  })

  it('all routes move with another base path', async () => {
    const server = await startServer({ basePath: '/api/who' })
    expect((await server.open()).status).toBe(200)
    expect((await server.send('/api/who/session')).status).toBe(200)
    expect((await server.send('/auth/session')).status).toBe(404)
  })

  it('every problem document is complete', async () => {
    const server = await startServer()
    const { body } = await server.send('/auth/other')
    expect(body).toEqual({
      type: 'urn:authchart:error:not-found',
      title: 'There is no endpoint at this path',
      status: 404,
      code: 'not-found',
      detail: 'There is no endpoint at this path',
      retryable: false,
    })
  })
})
