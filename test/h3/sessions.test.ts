import { describe, expect, it, vi } from 'vitest'
import { createMemorySessionStore, type AuthServerOptions } from '../../adapters/h3/index.ts'
import { startServer, useVirtualTime, virtualEpoch } from './harness.ts'

describe('sessions', () => {
  const start = (options: AuthServerOptions = {}) =>
    startServer(options, (app, auth) => {
      app.use('/page', auth.requireAuth())
      app.get('/page', () => 'page')
      app.get('/view', async (event) => (await auth.session(event)).state)
    })

  it('lists the sessions of one user, newest first, with the public facts of each', async () => {
    useVirtualTime()
    const server = await start()
    const [first, second, other] = [server.browser(), server.browser(), server.browser()]
    const { body } = await first.token(server.mint({ o: { id: 'org_1', rol: 'admin', slg: 'one' } }))
    const stream = await first.open()
    await stream.view()
    await other.token(server.mint({ sub: 'user_b', sid: 'sess_b' }))
    await vi.advanceTimersByTimeAsync(2_000)
    const { body: later } = await second.token(server.mint({ sid: 'sess_2', act: { sub: 'user_agent' } }))

    expect(await server.auth.sessions({ userId: 'user_a' })).toEqual([
      {
        channel: later.channel,
        sessionId: 'sess_2',
        orgId: null,
        orgRole: null,
        actor: { sub: 'user_agent' },
        signedInAt: virtualEpoch + 2_000,
        lastUsedAt: virtualEpoch + 2_000,
        streams: 0,
      },
      {
        channel: body.channel,
        sessionId: 'sess_a',
        orgId: 'org_1',
        orgRole: 'org:admin',
        actor: null,
        signedInAt: virtualEpoch,
        lastUsedAt: virtualEpoch,
        streams: 1,
      },
    ])
    expect(await server.auth.sessions({ userId: 'user_nobody' })).toEqual([])
  })

  it.each(['/page', '/view'])(
    'counts a request of the app to %s as a use, and no request of the client',
    async (path) => {
      useVirtualTime()
      const server = await start()
      const browser = server.browser()
      await browser.token(server.mint())
      const lastUse = async () => (await server.auth.sessions({ userId: 'user_a' }))[0]?.lastUsedAt
      await vi.advanceTimersByTimeAsync(5_000)
      await browser.token(server.mint())
      await browser.session()
      await (await browser.open()).view()
      expect(await lastUse()).toBe(virtualEpoch)
      expect((await browser.get(path)).status).toBe(200)
      expect(await lastUse()).toBe(virtualEpoch + 5_000)
    },
  )

  it('begins another sign-in with another Clerk session, and none with a renewal or an expiry in between', async () => {
    useVirtualTime()
    const server = await start()
    const browser = server.browser()
    await browser.token(server.mint())
    const stream = await browser.open()
    const signedInAt = async () => (await server.auth.sessions({ userId: 'user_a' })).map((each) => each.signedInAt)
    await vi.advanceTimersByTimeAsync(30_000)
    await browser.token(server.mint())
    expect(await signedInAt()).toEqual([virtualEpoch])
    await vi.advanceTimersByTimeAsync(121_000)
    await stream.viewWhere(({ state }) => state === 'signedOut')
    expect(await signedInAt()).toEqual([])
    await browser.token(server.mint())
    expect(await signedInAt()).toEqual([virtualEpoch])
    await browser.token(server.mint({ sid: 'sess_2' }))
    expect(await signedInAt()).toEqual([virtualEpoch + 151_000])
  })

  it('lists what revoke can end one by one', async () => {
    const server = await start()
    const browsers = [server.browser(), server.browser(), server.browser()]
    for (const [index, browser] of browsers.entries()) await browser.token(server.mint({ sid: `sess_${index}` }))
    const list = async () =>
      (await server.auth.sessions({ userId: 'user_a' })).map(({ sessionId }) => sessionId).toSorted()
    expect(await list()).toEqual(['sess_0', 'sess_1', 'sess_2'])
    await server.auth.revoke({ sessionId: 'sess_1' })
    expect(await list()).toEqual(['sess_0', 'sess_2'])
    await browsers[0]!.clear()
    expect(await list()).toEqual(['sess_2'])
    expect((await browsers[2]!.session()).body.isSignedIn).toBe(true)
  })

  it('lists the sessions that a node before this one left in the store', async () => {
    useVirtualTime()
    const store = createMemorySessionStore()
    const before = await start({ store })
    const browser = before.browser()
    const { body } = await browser.token(before.mint())
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await browser.get('/page')).status).toBe(200)
    await browser.token(before.mint({ exp: virtualEpoch / 1_000 + 90 }))
    await before.auth.close({ timeout: 0 })
    const after = await start({ store })
    expect(await after.auth.sessions({ userId: 'user_a' })).toMatchObject([
      {
        channel: body.channel,
        sessionId: 'sess_a',
        signedInAt: virtualEpoch,
        lastUsedAt: virtualEpoch + 1_000,
        streams: 0,
      },
    ])
    await vi.advanceTimersByTimeAsync(150_000)
    expect(await after.auth.sessions({ userId: 'user_a' })).toEqual([])
  })

  it('says what is missing: a user id, a list of the store, or the store', async () => {
    const server = await start()
    for (const target of [undefined, {}, { userId: '' }, { userId: 7 }, 'user_a']) {
      await expect(server.auth.sessions(target as never)).rejects.toThrow('sessions: give a userId')
    }
    const { list: _, ...store } = createMemorySessionStore()
    const blind = await start({ store })
    await expect(blind.auth.sessions({ userId: 'user_a' })).rejects.toThrow(TypeError)
    const broken = await start({ store: { ...store, list: () => Promise.reject(new Error('away')) } })
    const failure: unknown = await broken.auth.sessions({ userId: 'user_a' }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'store-unavailable', retryAfter: 1_000 })
  })
})
