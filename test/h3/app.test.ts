import { reverificationError } from '@clerk/backend/internal'
import { describe, expect, it, vi } from 'vitest'
import type { ServerAuthChange, AuthServer, AuthServerOptions, RequireAuthOptions } from '../../adapters/h3/index.ts'
import { AuthError, authErrors, type AuthView } from '../../machines/index.ts'
import { eventually, startServer, useVirtualTime } from './harness.ts'

const issuer = 'https://clerk.example.test'

/** An app with a guarded route, and the views that its handler saw. */
async function startApp(guard: RequireAuthOptions = {}, options: AuthServerOptions = {}) {
  const views: AuthView[] = []
  const server = await startServer(options, (app, auth) => {
    app.use('/api/**', auth.requireAuth(guard))
    app.get('/api/me', async (event) => {
      views.push(await auth.session(event))
      return 'in'
    })
    app.get('/checked', (event) => auth.whenChecked(event, { timeout: 300 }))
    app.get('/now', (event) => auth.session(event))
  })
  return { server, views, browser: server.browser() }
}

describe('requireAuth', () => {
  it('lets a signed-in user pass, with the full claims in the view', async () => {
    const { server, browser, views } = await startApp()
    await browser.token(server.mint({ email: 'ada@example.test' }))
    expect((await browser.get('/api/me')).status).toBe(200)
    expect(views[0]).toMatchObject({ isSignedIn: true, claims: { email: 'ada@example.test' } })
  })

  it('refuses an unknown browser at once', async () => {
    const { server } = await startApp()
    const { status, body, headers } = await server.send('/api/me')
    expect([status, body.code, headers.get('cache-control')]).toEqual([401, 'not-signed-in', 'no-store, no-transform'])
  })

  it('judges a request without a session by its Bearer token, and keeps no session', async () => {
    const { server, views } = await startApp()
    const ask = (token: string) => server.send('/api/me', { headers: { authorization: `Bearer ${token}` } })
    expect((await ask(server.mint())).status).toBe(200)
    expect(views[0]).toMatchObject({ isSignedIn: true, userId: 'user_a' })
    expect((await ask('junk')).status).toBe(401)
    expect((await ask(server.mint({ iss: 'https://evil.example' }))).status).toBe(401)
    expect(server.auth.stats().sessions).toBe(0)
  })

  it('answers 503 while the keys cannot be reached, because the user is unknown', async () => {
    const { server } = await startApp({}, { keys: { jwksUrl: 'http://127.0.0.1:1/jwks' } })
    const { status, body } = await server.send('/api/me', { headers: { authorization: `Bearer ${server.mint()}` } })
    expect([status, body.code]).toEqual([503, 'keys-unavailable'])
  })

  it('refuses a signed-out browser', async () => {
    const { server, browser } = await startApp()
    await browser.token(server.mint())
    await browser.clear()
    expect((await browser.get('/api/me')).status).toBe(401)
  })

  const admin = { o: { id: 'org_1', rol: 'admin', per: 'read,manage', fpm: '2,1' }, fea: 'o:invoices,u:mine,o:reports' }
  it("asks for a verification in a form that Clerk's useReverification understands", async () => {
    const { server, browser } = await startApp({ freshness: 10 })
    await browser.token(server.mint({ fva: [15, -1] }))
    const { status, body } = await browser.get('/api/me')
    expect([status, body.code, body.retryable]).toEqual([403, 'reverification-needed', false])
    expect(body).toMatchObject(reverificationError({ level: 'second_factor', afterMinutes: 10 }))
  })

  it.each<[RequireAuthOptions, object, number]>([
    [{ role: 'org:admin' }, admin, 200],
    [{ role: 'admin' }, admin, 200],
    [{ role: 'member' }, admin, 403],
    [{ role: 'admin' }, {}, 403],
    [{ permission: 'org:invoices:manage' }, admin, 200],
    [{ permission: 'org:invoices:read' }, admin, 403],
    [{ permission: 'org:reports:read' }, admin, 200],
    [{ permission: 'org:mine:read' }, admin, 403],
    [{ permission: 'org:billing:pay' }, { org_id: 'org_1', org_permissions: ['org:billing:pay'] }, 200],
    [{ role: 'admin', permission: 'org:reports:manage' }, admin, 403],
    [{ permission: 'invoices:manage' }, admin, 200],
    [{ feature: 'mine' }, admin, 200],
    [{ feature: 'org:mine' }, admin, 403],
    [{ plan: 'user:pro' }, { pla: 'u:pro' }, 200],
    [{ plan: 'max' }, { pla: 'u:pro' }, 403],
    [{ impersonation: false }, {}, 200],
    [{ impersonation: false }, { act: { sub: 'user_support' } }, 403],
    [{ freshness: 10 }, { fva: [5, -1] }, 200],
    [{ freshness: 10 }, { fva: [1, 15] }, 403],
    [{ check: ({ userId }) => userId === 'user_a' }, {}, 200],
    [{ check: () => Promise.resolve(false) }, {}, 403],
    [{ check: () => undefined }, {}, 403],
  ])('with %j and %j answers %i', async (guard, claims, status) => {
    const { server, browser } = await startApp(guard)
    await browser.token(server.mint(claims))
    expect((await browser.get('/api/me')).status).toBe(status)
  })

  it('answers 500 and logs the error if a check throws', async () => {
    const { server, browser } = await startApp({
      check: () => {
        throw new Error('broken')
      },
    })
    await browser.token(server.mint())
    const { status, body } = await browser.get('/api/me')
    expect([status, body.code]).toEqual([500, 'internal'])
    expect(server.lines).toContainEqual(['error', 'requireAuth.failed', expect.anything()])
  })

  it('hides an error of another library whose code looks like one of ours', async () => {
    const failures = [
      Object.assign(new Error('5 NOT_FOUND: no document users/42'), { code: 'not-found' }),
      new AuthError('internal', 'connect 10.0.0.7'),
    ]
    for (const failure of failures) {
      const { server, browser } = await startApp({ check: () => Promise.reject(failure) })
      await browser.token(server.mint())
      const { status, body } = await browser.get('/api/me')
      expect([status, body.code, body.detail]).toEqual([500, 'internal', authErrors.internal.title])
      expect(server.lines).toContainEqual(['error', 'requireAuth.failed', { error: failure }])
    }
  })

  it.each([
    ['role', { role: '' }],
    ['permission', { permission: 1 }],
    ['check', { check: 1 }],
    ['roles', { roles: [] }],
    ['role', { role: undefined }],
    ['freshness', { freshness: undefined }],
    ['check', { check: undefined }],
  ])('names an option that cannot be used: %s', async (name, guard) => {
    const { auth } = await startServer()
    expect(() => auth.requireAuth(guard as RequireAuthOptions)).toThrow(`requireAuth: ${name}`)
    await expect(auth.require({} as never, guard as RequireAuthOptions)).rejects.toThrow(`requireAuth: ${name}`)
  })
})

describe('whenChecked', () => {
  it('resolves as soon as there is a verdict', async () => {
    const checks: (() => void)[] = []
    let asked = 0
    const server = await startServer(
      { claims: { issuer, validate: () => new Promise<void>((resolve) => void checks.push(resolve)) } },
      (app, auth) =>
        app.get('/checked', (event) => {
          asked += 1
          return auth.whenChecked(event)
        }),
    )
    const browser = server.browser()
    await browser.open()
    const cookie = browser.cookie ?? ''
    const posted = browser.token(server.mint())
    await eventually(() => checks.length === 1, 'the check')
    const waiting = server.send('/checked', { headers: { cookie } })
    await eventually(() => asked === 1, 'the request')
    checks[0]?.()
    expect((await waiting).body).toMatchObject({ isSignedIn: true, timedOut: false })
    await posted
  })

  /** Starts a browser whose next check waits for the test, and a request with its cookie that waits meanwhile. */
  async function startWaiting(userId: string | null) {
    const checks: (() => void)[] = []
    let isSlow = false
    const validate = () => (isSlow ? new Promise<void>((resolve) => void checks.push(resolve)) : undefined)
    let asked = 0
    const server = await startServer({ authWaitTimeout: 20_000, claims: { issuer, validate } }, (app, auth) => {
      app.use('/api/**', () => void (asked += 1))
      app.use('/api/guarded', auth.requireAuth())
      app.get('/api/guarded', async (event) => ({
        ...(await auth.session(event)),
        isAborted: auth.signal(event).aborted,
        explained: (await auth.explain(event)).text,
      }))
      app.get(
        '/api/page',
        auth.onLoad((_, view) => view),
      )
    })
    const browser = server.browser()
    await browser.open()
    if (userId !== null) {
      await browser.token(server.mint({ sub: userId, sid: `sess_${userId}` }))
      await browser.clear()
    }
    isSlow = true
    const cookie = browser.cookie ?? ''
    const posted = browser.token(server.mint({ sub: 'user_next', sid: 'sess_next' }))
    await eventually(() => checks.length === 1, 'the check')
    const answers = ['/api/guarded', '/api/page'].map((path) => server.send(path, { headers: { cookie } }))
    await eventually(() => asked === 2, 'the requests')
    checks[0]?.()
    await posted
    const [guarded, page] = await Promise.all(answers)
    return { guarded: guarded!, page: page!, anew: await server.send('/api/guarded', { headers: { cookie } }) }
  }

  it('gives a request that waited for the sign-in the new user, to its end', async () => {
    const { guarded, page, anew } = await startWaiting(null)
    expect(guarded).toMatchObject({ status: 200, body: { userId: 'user_next', isAborted: false } })
    expect(page.body.userId).toBe('user_next')
    expect(anew.status).toBe(401)
  })

  it("does not show a new user to a request with another user's cookie", async () => {
    const { guarded, page, anew } = await startWaiting('user_before')
    expect([guarded.status, page.body.userId, page.body.timedOut, anew.status]).toEqual([401, null, true, 401])
  })

  it('resolves with timedOut when its time has passed', async () => {
    const { browser } = await startApp()
    await browser.open()
    expect((await browser.get('/checked')).body).toMatchObject({
      state: 'unchecked',
      timedOut: true,
      authChecked: false,
    })
  })

  it('returns at once if nothing is known and the request carries no token', async () => {
    useVirtualTime()
    const { server } = await startApp()
    expect((await server.send('/checked')).body).toMatchObject({ state: 'unchecked', timedOut: false })
  })

  it('leaves no timer behind', async () => {
    useVirtualTime()
    const { server, browser } = await startApp()
    await browser.token(server.mint())
    await browser.get('/checked')
    const before = vi.getTimerCount()
    for (let round = 0; round < 20; round += 1) await browser.get('/checked')
    // The HTTP client has timers of its own.
    expect(vi.getTimerCount()).toBeLessThanOrEqual(before + 2)
  })

  it('keeps the identity of a carried token only as long as the token is valid', async () => {
    let now = Date.now()
    const seen: unknown[] = []
    const server = await startServer({ clock: () => now }, (app, auth) =>
      app.get('/work', async (event) => {
        const look = async () => seen.push((await auth.session(event)).userId)
        seen.push((await auth.whenChecked(event)).userId, auth.signal(event).aborted)
        await look()
        now += 3_600_000
        await look()
        now -= 3_600_000
        await auth.revoke({ sessionId: 'sess_a' })
        await look()
        seen.push((await auth.whenChecked(event)).userId)
        return ''
      }),
    )
    await server.send('/work', { headers: { authorization: `Bearer ${server.mint()}` } })
    expect(seen).toEqual(['user_a', true, 'user_a', null, null, null])
  })

  it('gives up with the reason of an aborted signal', async () => {
    const aborted = AbortSignal.abort(new Error('gone'))
    let failure: unknown
    const server = await startServer({}, (app, auth) => {
      app.get('/checked', async (event) => {
        failure = await auth.whenChecked(event, { signal: aborted }).catch((error: unknown) => error)
        return ''
      })
    })
    const browser = server.browser()
    await browser.open()
    await browser.get('/checked')
    expect(failure).toMatchObject({ message: 'gone' })

    failure = undefined
    await server.send('/checked', { headers: { authorization: `Bearer ${server.mint()}` } })
    expect(failure).toMatchObject({ message: 'gone' })
  })
})

describe('session', () => {
  it('gives the current view without waiting, and a blank one if nothing is known', async () => {
    const { server, browser } = await startApp()
    expect((await server.send('/now')).body).toMatchObject({ channel: '', state: 'unchecked' })
    await browser.token(server.mint({ email: 'ada@example.test' }))
    expect((await browser.get('/now')).body).toMatchObject({ isSignedIn: true, claims: { email: 'ada@example.test' } })
  })
})

describe('publicView', () => {
  it('gives the view that the browser gets, with only the public claims', async () => {
    const server = await startServer({}, (app, auth) => app.get('/page', (event) => auth.publicView(event)))
    const browser = server.browser()
    expect((await server.send('/page')).body).toMatchObject({ channel: '', state: 'unchecked' })
    await browser.token(server.mint({ email: 'ada@example.test' }))
    const [page, session] = [await browser.get('/page'), await browser.session()]
    expect(page.body).toEqual({ ...session.body, now: page.body.now })
    expect(page.body).toMatchObject({ isSignedIn: true, claims: { sub: 'user_a' } })
    expect(page.body.claims).not.toHaveProperty('email')
  })
})

describe('onAuthChange', () => {
  async function startHeard() {
    const server = await startServer()
    const heard: ServerAuthChange[] = []
    const stop = server.auth.onAuthChange((change) => heard.push(change))
    const summary = () =>
      heard.map(({ reason, view, previous }) => [reason, previous.userId, view.userId, view.sessionId])
    return { server, browser: server.browser(), heard, stop, summary }
  }

  it('hears of each change of identity once, and of no renewal', async () => {
    const { server, browser, summary } = await startHeard()
    await browser.open()
    await browser.token(server.mint())
    await browser.token(server.mint({ o: { id: 'org_2' } }))
    await browser.token('junk')
    await browser.token(server.mint({ sid: 'sess_a2' }))
    await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    await browser.clear()
    await browser.clear()
    expect(summary()).toEqual([
      ['token', null, 'user_a', 'sess_a'],
      ['token', 'user_a', 'user_a', 'sess_a2'],
      ['token', 'user_a', 'user_b', 'sess_b'],
      ['cleared', 'user_b', null, null],
    ])
  })

  it('hears of an expiry and of a pending session', async () => {
    useVirtualTime()
    const { server, browser, summary } = await startHeard()
    await browser.open()
    await browser.token(server.mint())
    await vi.advanceTimersByTimeAsync(120_000)
    await browser.token(server.mint())
    await browser.token(server.mint({ sts: 'pending' }))
    expect(summary().map(([reason]) => reason)).toEqual(['token', 'expired', 'token', 'refused'])
  })

  it('does not call a new listener with the current view', async () => {
    const { server, browser, heard } = await startHeard()
    await browser.token(server.mint())
    const late = vi.fn<(change: ServerAuthChange) => void>()
    server.auth.onAuthChange(late)
    expect(heard).toHaveLength(1)
    expect(late).not.toHaveBeenCalled()
  })

  it('calls a function that was registered twice once, and does not call one that unsubscribed', async () => {
    const { server, browser, stop, heard } = await startHeard()
    const listener = vi.fn<(change: ServerAuthChange) => void>()
    const controller = new AbortController()
    const other = vi.fn<(change: ServerAuthChange) => void>()
    server.auth.onAuthChange(listener)
    server.auth.onAuthChange(listener)
    server.auth.onAuthChange(other, { signal: controller.signal })
    server.auth.onAuthChange(other, { signal: AbortSignal.abort() })
    controller.abort()
    stop()
    await browser.token(server.mint())
    expect(listener).toHaveBeenCalledTimes(1)
    expect([other.mock.calls.length, heard.length]).toEqual([0, 0])
  })

  it('contains a listener that throws or rejects', async () => {
    const { server, browser, heard } = await startHeard()
    const failures = [
      () => {
        throw new Error('thrown')
      },
      () => Promise.reject(new Error('rejected')),
    ]
    for (const listener of failures) server.auth.onAuthChange(listener)
    const last = vi.fn<(change: ServerAuthChange) => void>()
    server.auth.onAuthChange(last)
    expect((await browser.token(server.mint())).body.isSignedIn).toBe(true)
    expect([heard.length, last.mock.calls.length]).toEqual([1, 1])
    await eventually(() => server.lines.filter(([, code]) => code === 'listener.failed').length === 2, 'both log lines')
  })
})

describe('signal', () => {
  async function startSignals() {
    const signals: AbortSignal[] = []
    const server = await startServer({}, (app, auth) => {
      app.get('/work', (event) => {
        signals.push(auth.signal(event))
        return ''
      })
    })
    const browser = server.browser()
    const work = async () => {
      await browser.get('/work')
      return signals.at(-1)!
    }
    return { server, browser, work }
  }

  it('fires at sign-out, with the reason', async () => {
    const { server, browser, work } = await startSignals()
    await browser.token(server.mint())
    const signal = await work()
    await browser.token(server.mint({ o: { id: 'org_2' } }))
    expect(signal.aborted).toBe(false)
    await browser.clear()
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({ code: 'not-signed-in' })
  })

  it('fires when another user signs in, and a new signal is made for that user', async () => {
    const { server, browser, work } = await startSignals()
    await browser.token(server.mint())
    const signal = await work()
    await browser.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    expect(signal.aborted).toBe(true)
    expect((await work()).aborted).toBe(false)
  })

  it('fires at expiry', async () => {
    useVirtualTime()
    const { server, browser, work } = await startSignals()
    await browser.token(server.mint())
    const signal = await work()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(signal.aborted).toBe(true)
  })

  it('has already fired if nobody is signed in', async () => {
    const { browser, work } = await startSignals()
    await browser.open()
    expect((await work()).aborted).toBe(true)
    browser.cookie = ''
    expect((await work()).aborted).toBe(true)
    browser.cookie = `authchart=${'D'.repeat(43)}`
    const unknown = await work()
    await eventually(() => unknown.aborted, 'the signal')
  })

  it('is the same signal for all callers of one user', async () => {
    const { server, browser, work } = await startSignals()
    await browser.token(server.mint())
    expect(await work()).toBe(await work())
  })
})

it('the auth server gives its numbers of sessions and streams', async () => {
  const server = await startServer()
  const auth: AuthServer = server.auth
  const browser = server.browser()
  await browser.open()
  await browser.token(server.mint())
  expect(auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
})
