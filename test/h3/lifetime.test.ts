import { describe, expect, it, vi } from 'vitest'
import {
  createMemorySessionStore,
  type ServerAuthChange,
  type AuthServerOptions,
  type LifetimeOptions,
  createAuthServer,
} from '../../adapters/h3/index.ts'
import { eventually, signer, startServer, useVirtualTime, type TestServer } from './harness.ts'

const minute = 60_000
const hour = 60 * minute

describe('the option lifetime', () => {
  it.each<[string, unknown, RegExp]>([
    ['lifetime', 900, /must be an object such as/],
    ['lifetime', null, /must be an object such as/],
    ['lifetime.max', { max: 5 }, /is not an option; there are idle, absolute/],
    ['lifetime.idle', { idle: 900 }, /must be a number of ms, 60000 or more: for 900 seconds write 900000/],
    ['lifetime.absolute', { absolute: -1 }, /must be a number of ms, 60000 or more$/],
    ['lifetime.absolute', { absolute: '12h' }, /must be a number of ms, 60000 or more$/],
    ['lifetime.absolute', { absolute: Infinity }, /must be a number of ms, 60000 or more$/],
    ['lifetime.idle', { idle: 1e12 }, /must be at most ten years/],
  ])('refuses %s: %j', (name, lifetime, problem) => {
    const create = () =>
      createAuthServer({ keys: { jwks: signer.jwks }, clerk: {}, logger: {}, lifetime: lifetime as never })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(`createAuthServer: ${name} `)
    expect(create).toThrow(problem)
  })
})

describe('a session with a lifetime', () => {
  const start = (lifetime: LifetimeOptions, options: AuthServerOptions = {}) =>
    startServer({ lifetime, ...options }, (app, auth) => {
      app.use('/page', auth.requireAuth())
      app.get('/page', () => 'page')
    })
  const fresh = (server: TestServer, claims: object = {}) => {
    const iat = Math.floor(Date.now() / 1_000)
    return server.mint({ iat, exp: iat + 60, ...claims })
  }
  /** Lets time pass, with a renewal in every minute. */
  async function renewFor(
    server: TestServer,
    browser: ReturnType<TestServer['browser']>,
    ms: number,
    meanwhile = async () => {},
  ) {
    for (let passed = 0; passed < ms; passed += minute) {
      await vi.advanceTimersByTimeAsync(Math.min(minute, ms - passed))
      await meanwhile()
      await browser.token(fresh(server))
    }
  }

  it('ends at its absolute lifetime, however busy it is, and an open stream hears of it then', async () => {
    useVirtualTime()
    const server = await start({ absolute: hour })
    const changes: ServerAuthChange[] = []
    server.auth.onAuthChange((change) => changes.push(change))
    const browser = server.browser()
    await browser.token(fresh(server))
    const stream = await browser.open()
    await stream.view()
    await renewFor(server, browser, hour - 1_000, async () => void (await browser.get('/page')))
    expect((await browser.get('/page')).status).toBe(200)
    await vi.advanceTimersByTimeAsync(999)
    expect((await browser.session()).body.isSignedIn).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    const last = await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect(last).toMatchObject({ state: 'signedOut', error: { code: 'session-expired', retryable: false } })
    expect(await stream.next()).toMatchObject({ event: 'bye', data: { reason: 'revoked' } })
    expect((await browser.get('/page')).status).toBe(401)
    expect(changes.map(({ reason }) => reason)).toEqual(['token', 'expired'])
  })

  it('sends the end once, if a stream is opened while the store is asked for the last use', async () => {
    useVirtualTime()
    const memory = createMemorySessionStore()
    const asked: (() => void)[] = []
    const list = async (userId: string) => {
      await new Promise<void>((answer) => void asked.push(answer))
      return memory.list!(userId)
    }
    const server = await start({ absolute: minute }, { store: { ...memory, list } })
    const browser = server.browser()
    const posted = browser.token(fresh(server, { exp: Math.floor(Date.now() / 1_000) + 600 }))
    await eventually(() => asked.length > 0, 'the first question')
    asked.shift()?.()
    await posted
    const stream = await browser.open()
    await vi.advanceTimersByTimeAsync(minute)
    await browser.open({}, 'other')
    await stream.viewWhere(({ error }) => error?.code === 'session-expired')
    for (const answer of asked) answer()
    expect(await stream.next()).toMatchObject({ event: 'bye', data: { reason: 'revoked' } })
    expect(stream.text().match(/^id: \d+$/gm)).toHaveLength(2)
  })

  it('is not begun again by a fresh token of its Clerk session, with or without the cookie, but by the next one', async () => {
    useVirtualTime()
    const server = await start({ absolute: hour })
    const browser = server.browser()
    await browser.token(fresh(server))
    await renewFor(server, browser, hour)
    for (const each of [browser, server.browser()]) {
      const { status, body } = await each.token(fresh(server))
      expect([status, body.code, body.retryable, body.view?.state]).toEqual([
        401,
        'session-expired',
        false,
        'signedOut',
      ])
    }
    // Three days later too.
    await vi.advanceTimersByTimeAsync(72 * hour)
    expect((await browser.token(fresh(server))).body.code).toBe('session-expired')
    expect((await browser.token(fresh(server, { sid: 'sess_next' }))).body).toMatchObject({ isSignedIn: true })
  })

  it('ends when the app has not let a request in for the idle lifetime, though the client renews it', async () => {
    useVirtualTime()
    const server = await start({ idle: 10 * minute })
    const browser = server.browser()
    await browser.token(fresh(server))
    const stream = await browser.open()
    await renewFor(server, browser, 9 * minute)
    expect((await browser.get('/page')).status).toBe(200)
    await renewFor(server, browser, 9 * minute, async () => void (await browser.session()))
    expect((await browser.session()).body.isSignedIn).toBe(true)
    await vi.advanceTimersByTimeAsync(minute)
    expect((await stream.viewWhere(({ isSignedIn, authChecked }) => authChecked && !isSignedIn)).error?.code).toBe(
      'session-expired',
    )
    expect((await browser.get('/page')).status).toBe(401)
    expect((await browser.token(fresh(server))).body.code).toBe('session-expired')
  })

  it('goes on as long as the app is used', async () => {
    useVirtualTime()
    const server = await start({ idle: 10 * minute })
    const browser = server.browser()
    await browser.token(fresh(server))
    for (let round = 0; round < 6; round += 1) {
      await renewFor(server, browser, 9 * minute)
      expect((await browser.get('/page')).status).toBe(200)
    }
  })

  it.each([
    ['its cookie', true],
    ['no cookie', false],
  ])('ends while nobody is there, for a browser that comes back with %s', async (_, hasCookie) => {
    useVirtualTime()
    const server = await start({ idle: 10 * minute })
    const browser = server.browser()
    await browser.token(fresh(server))
    // The laptop is closed. Here nothing is left of the session, and Clerk goes on minting tokens for it.
    await vi.advanceTimersByTimeAsync(8 * hour)
    expect(server.auth.stats().sessions).toBe(0)
    const back = hasCookie ? browser : server.browser()
    expect((await back.get('/page')).status).toBe(401)
    expect((await back.token(fresh(server))).body.code).toBe('session-expired')
    expect((await back.token(fresh(server, { sid: 'sess_next' }))).body.isSignedIn).toBe(true)
  })

  it.each([
    ['its cookie', true],
    ['no cookie', false],
  ])('continues for a browser that comes back in time with %s', async (_, hasCookie) => {
    useVirtualTime()
    const server = await start({ idle: 10 * minute, absolute: 15 * minute })
    const browser = server.browser()
    await browser.token(fresh(server))
    await vi.advanceTimersByTimeAsync(9 * minute)
    expect(server.auth.stats().sessions).toBe(0)
    const back = hasCookie ? browser : server.browser()
    expect((await back.token(fresh(server))).body.isSignedIn).toBe(true)
    expect((await back.get('/page')).status).toBe(200)
    await renewFor(server, back, 5 * minute)
    expect((await back.get('/page')).status).toBe(200)
    await vi.advanceTimersByTimeAsync(minute)
    expect((await back.get('/page')).status).toBe(401)
    expect((await back.token(fresh(server))).body.code).toBe('session-expired')
  })

  it('outlives a restart: the next server on the store ends it in time', async () => {
    useVirtualTime()
    const store = createMemorySessionStore()
    const first = await start({ absolute: hour }, { store })
    const browser = first.browser()
    await browser.token(fresh(first))
    await renewFor(first, browser, 59 * minute)
    await first.auth.close({ timeout: 0 })
    const second = await start({ absolute: hour }, { store })
    const cookie = browser.cookie!
    const stream = await second.open({ cookie }, 'tab1')
    expect((await stream.view()).isSignedIn).toBe(true)
    await vi.advanceTimersByTimeAsync(minute)
    expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-expired')
    const answer = await second.post({ type: 'token.received', token: fresh(second), tab: 'tab1', seq: 99 }, { cookie })
    expect(answer.body.code).toBe('session-expired')
    await second.auth.close({ timeout: 0 })
    const third = await start({ absolute: hour }, { store })
    expect((await third.browser().token(fresh(third))).body.code).toBe('session-expired')
  })

  it.each<LifetimeOptions>([{ absolute: hour }, { idle: hour }])(
    'is refused by its end at a read, though its timer is late: %j',
    async (lifetime) => {
      useVirtualTime()
      const server = await start(lifetime)
      const browser = server.browser()
      await browser.token(fresh(server))
      await renewFor(server, browser, hour - 1_000)
      // The wall clock moves, and no timer runs.
      vi.setSystemTime(Date.now() + 1_000)
      for (let request = 0; request < 2; request += 1) expect((await browser.get('/page')).status).toBe(401)
      expect((await browser.session()).body).toMatchObject({ isSignedIn: false, error: { code: 'session-expired' } })
      expect((await browser.token(fresh(server))).body.code).toBe('session-expired')
    },
  )

  it.each([
    { whose: 'an open stream', isOpen: true, hasTwin: false },
    { whose: 'an open stream, and a twin that is gone', isOpen: true, hasTwin: true },
    { whose: 'nobody there', isOpen: false, hasTwin: false },
  ])('ends with a store that cannot list, with $whose', async ({ isOpen, hasTwin }) => {
    useVirtualTime()
    const { list: _list, ...store } = createMemorySessionStore()
    const server = await start({ idle: 10 * minute }, { store })
    const [browser, stranger] = [server.browser(), server.browser()]
    await browser.token(fresh(server))
    if (isOpen) await (await browser.open()).view()
    const twin = server.browser()
    if (hasTwin) await twin.token(fresh(server))
    if (hasTwin) await twin.session()
    await vi.advanceTimersByTimeAsync(hour)
    // What this node still holds ends for every browser, and what only the store has for the one with the cookie.
    for (const each of isOpen && !hasTwin ? [stranger, browser] : [browser, stranger]) {
      expect((await each.token(fresh(server))).body.code).toBe('session-expired')
    }
  })

  it('ends here though the store does not answer, and stays ended once it does', async () => {
    useVirtualTime()
    const store = createMemorySessionStore()
    let isAway = false
    const away = () => (isAway ? Promise.reject(new Error('away')) : null)
    const server = await start(
      { idle: 10 * minute },
      {
        store: {
          ...store,
          list: async (userId) => (await away()) ?? store.list!(userId),
          // The node's own copy has it even so.
          async addTombstone(tombstone) {
            await store.addTombstone(tombstone)
            await away()
          },
        },
      },
    )
    const browser = server.browser()
    await browser.token(fresh(server))
    await renewFor(server, browser, 9 * minute)
    isAway = true
    await vi.advanceTimersByTimeAsync(minute)
    expect((await browser.get('/page')).status).toBe(401)
    expect((await browser.token(fresh(server))).body.code).toBe('session-expired')
    isAway = false
    await vi.advanceTimersByTimeAsync(minute)
    expect((await server.browser().token(fresh(server))).body.code).toBe('session-expired')
  })

  it('takes the other sessions of its Clerk session with it, and no other session of its user', async () => {
    useVirtualTime()
    const server = await start({ absolute: hour })
    const [browser, twin, other] = [server.browser(), server.browser(), server.browser()]
    await browser.token(fresh(server))
    await vi.advanceTimersByTimeAsync(minute)
    await twin.token(fresh(server))
    await other.token(fresh(server, { sid: 'sess_other' }))
    await renewFor(server, browser, 58 * minute, async () => {
      await twin.token(fresh(server))
      await other.token(fresh(server, { sid: 'sess_other' }))
    })
    const list = async () =>
      (await server.auth.sessions({ userId: 'user_a' })).map(({ sessionId }) => sessionId).toSorted()
    expect(await list()).toEqual(['sess_a', 'sess_a', 'sess_other'])
    await vi.advanceTimersByTimeAsync(minute)
    expect(await list()).toEqual(['sess_other'])
    expect((await twin.get('/page')).status).toBe(401)
    expect((await other.get('/page')).status).toBe(200)
  })

  it('leaves a session alone that was signed out before, and a request with only a token', async () => {
    useVirtualTime()
    const server = await start({ absolute: hour })
    const browser = server.browser()
    await browser.token(fresh(server))
    await browser.clear()
    await vi.advanceTimersByTimeAsync(2 * hour)
    expect((await browser.token(fresh(server))).body.isSignedIn).toBe(true)
    const bearer = () => ({ headers: { authorization: `Bearer ${fresh(server, { sid: 'sess_api' })}` } })
    for (let round = 0; round < 5; round += 1) {
      expect((await server.send('/page', bearer())).status).toBe(200)
      await vi.advanceTimersByTimeAsync(hour / 2)
    }
  })

  it('leaves nothing behind without the option', async () => {
    useVirtualTime()
    const server = await start({})
    const browser = server.browser()
    await browser.token(fresh(server))
    await renewFor(server, browser, 3 * hour)
    expect((await browser.get('/page')).status).toBe(200)
    await vi.advanceTimersByTimeAsync(24 * hour)
    expect((await browser.token(fresh(server))).body.isSignedIn).toBe(true)
  })
})
