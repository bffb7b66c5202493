import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AuthServer, AuthServerOptions } from '../../adapters/h3/index.ts'
import { eventually, useVirtualTime } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer, type Node } from './nodes.ts'

const minute = 60_000

describe.runIf(findRedis())('a lifetime, on several nodes', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  /** Nodes that start in real time, before the time of the test begins to move only when it says so. */
  async function start(options: AuthServerOptions) {
    // The clock of this test, and not the one that the server found when it started.
    const deployment = createDeployment(redis, { clock: () => Date.now(), ...options })
    const [a, b] = [await deployment.addPatient(), await deployment.addPatient()]
    setTime(Date.now())
    return { a, b, add: deployment.addPatient }
  }
  function setTime(now: number) {
    useVirtualTime()
    vi.setSystemTime(now)
  }
  const fresh = (node: Node, claims: object = {}) => {
    const iat = Math.floor(Date.now() / 1_000)
    return node.mint({ iat, exp: iat + 60, ...claims })
  }
  /** The app's question, by which a request counts as a use. */
  const use = async ({ auth }: { readonly auth: AuthServer }, cookie: string | undefined) =>
    (await auth.session({ headers: { cookie: cookie ?? '' } })).isSignedIn
  const codeOf = async (node: Node, browser = createRoamer(), claims: object = {}) =>
    (await browser.token(node, fresh(node, claims))).body.code ?? 'none'

  it('ends everywhere what one node has signed in, and each refuses its Clerk session from then on', async () => {
    const { a, b } = await start({ lifetime: { absolute: 3 * minute } })
    const browser = createRoamer()
    await browser.token(a, fresh(a))
    const stream = await browser.open(b)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    for (const node of [b, a]) {
      await vi.advanceTimersByTimeAsync(minute)
      expect(await codeOf(node, browser)).toBe('none')
    }
    expect([await use(a, browser.cookie), await use(b, browser.cookie)]).toEqual([true, true])
    await vi.advanceTimersByTimeAsync(minute)
    const last = await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect(last.error?.code).toBe('session-expired')
    expect([await use(a, browser.cookie), await use(b, browser.cookie)]).toEqual([false, false])
    // The other node hears of the end a moment later.
    await eventually(async () => (await codeOf(a, browser)) === 'session-expired', 'the end on the other node')
    expect(await codeOf(b, browser)).toBe('session-expired')
    for (const node of [a, b]) expect(await codeOf(node)).toBe('session-expired')
    expect(await codeOf(b, browser, { sid: 'sess_next' })).toBe('none')
  })

  it('goes on while another user has taken its place, for a node that hears of it later too', async () => {
    const { a, b } = await start({ lifetime: { absolute: 3 * minute } })
    const browser = createRoamer()
    expect(await codeOf(a, browser)).toBe('none')
    await vi.advanceTimersByTimeAsync(minute)
    expect(await codeOf(a, browser, { sub: 'user_b', sid: 'sess_b' })).toBe('none')
    expect(await a.auth.sessions({ userId: 'user_a' })).toEqual([])
    await vi.advanceTimersByTimeAsync(minute)
    expect(await codeOf(b, browser)).toBe('none')
    await vi.advanceTimersByTimeAsync(minute)
    for (const node of [b, a]) expect(await codeOf(node)).toBe('session-expired')
  })

  it('counts a use on another node than the one that has the stream and the renewals', async () => {
    const { a, b } = await start({ lifetime: { idle: 5 * minute } })
    const browser = createRoamer()
    await browser.token(a, fresh(a))
    const stream = await browser.open(a)
    await stream.view()
    for (let passed = 1; passed <= 12; passed += 1) {
      await vi.advanceTimersByTimeAsync(minute)
      expect(await codeOf(a, browser)).toBe('none')
      if (passed % 4 !== 0) continue
      expect(await use(b, browser.cookie)).toBe(true)
      // What the other node wrote has arrived here.
      await eventually(
        async () => (await a.auth.sessions({ userId: 'user_a' }))[0]?.lastUsedAt === Date.now(),
        'the use',
      )
    }
    for (let passed = 1; passed <= 4; passed += 1) {
      await vi.advanceTimersByTimeAsync(minute)
      expect(await codeOf(a, browser)).toBe('none')
    }
    await vi.advanceTimersByTimeAsync(minute)
    expect((await stream.viewWhere(({ isSignedIn }) => !isSignedIn)).error?.code).toBe('session-expired')
  })

  it('asks the other sessions of a Clerk session before it ends it for want of use', async () => {
    const { a, b } = await start({ lifetime: { idle: 5 * minute } })
    const [here, there] = [createRoamer(), createRoamer()]
    await here.token(a, fresh(a))
    await there.token(b, fresh(b))
    const stream = await here.open(a)
    await stream.view()
    for (let passed = 1; passed <= 6; passed += 1) {
      await vi.advanceTimersByTimeAsync(minute)
      expect(await codeOf(b, there)).toBe('none')
      expect(await use(b, there.cookie)).toBe(true)
      if (passed < 5) await here.token(a, fresh(a))
    }
    // The node of the idle session has looked into the store, and ended nothing.
    expect(await use(b, there.cookie)).toBe(true)
    expect(await codeOf(a, here)).toBe('none')
  })

  it('is kept for a session that no node holds, and outlives all of them', async () => {
    const { a, b, add } = await start({ lifetime: { idle: 5 * minute } })
    const browser = createRoamer()
    await browser.token(a, fresh(a))
    await a.auth.close({ timeout: 0 })
    await b.auth.close({ timeout: 0 })
    const ended = Date.now() + 6 * minute
    vi.useRealTimers()
    const later = await add()
    setTime(ended)
    expect(await codeOf(later)).toBe('session-expired')
    expect(await codeOf(later, browser)).toBe('session-expired')
  })
})
