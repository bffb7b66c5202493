import { describe, expect, it } from 'vitest'
import { longestDelay } from '../../machines/backoff.ts'
import { createSyncContext } from '../../machines/sync/sync-context.ts'
import { toRenewalDelay } from '../../machines/sync/sync-rules.ts'
import { createRandom } from '../seeded-random.ts'
import { toError } from './model-server.ts'
import { ada, createWorld, settle } from './world.ts'

const second = 1_000
const hour = 3_600 * second

describe('renewal', () => {
  it('comes 15 s ± 2 s before the expiry, by the clock of the server', async () => {
    const seed = Number(process.env['SEED'] ?? 7)
    console.log(`SEED=${seed}`)
    for (const skew of [0, hour, -hour]) {
      const { server, openTab, pass, now } = createWorld()
      server.skew = skew
      server.tolerance = 3 * hour
      const tab = openTab('tab', { random: createRandom(seed) })
      // Clerk and the server use the true time. Only the browser's clock is wrong.
      const getToken = tab.clerk.getToken.bind(tab.clerk)
      tab.clerk.getToken = async (skipCache) => {
        const token = JSON.parse((await getToken(skipCache)) ?? '') as { iat: number; exp: number }
        return JSON.stringify({ ...token, iat: token.iat + skew / 1000, exp: token.exp + skew / 1000 })
      }
      await tab.start(ada)
      for (let renewals = 1; renewals <= 5; renewals++) {
        const expiry = server.view!.expiresAt! - skew
        while (server.posts.length === renewals) await pass(50)
        expect(expiry - now()).toBeGreaterThanOrEqual(13 * second - 100)
        expect(expiry - now()).toBeLessThanOrEqual(17 * second)
        await settle()
        expect(tab.state).toBe('open | confirmed')
      }
    }
  })

  it('is done by the tab that reads the shared stream, and by the others only if that one does not renew', async () => {
    const seed = Number(process.env['SEED'] ?? 7)
    console.log(`SEED=${seed}`)
    const { server, openTab, pass, now } = createWorld()
    const random = createRandom(seed)
    const tabs = [openTab('leader', { random }), openTab('second', { random }), openTab('third', { random })] as const
    for (const tab of tabs) await tab.start(ada)
    for (const tab of tabs) tab.send({ type: 'stream.shared', isLeader: tab === tabs[0] })
    const sent = server.posts.length
    await pass(600 * second, 100)
    const renewals = server.posts.slice(sent)
    expect(renewals.length).toBeGreaterThanOrEqual(12)
    expect(renewals.filter(({ event }) => event.tab !== 'leader')).toEqual([])

    // The browser runs the timers of a tab in the background once a minute.
    tabs[0].clerk.mode = 'hang'
    const expiry = server.view!.expiresAt!
    const renewed = server.posts.length
    while (server.posts.length === renewed) await pass(50)
    expect(server.posts.at(-1)?.event.tab).not.toBe('leader')
    expect(expiry - now()).toBeLessThanOrEqual(11 * second)
    expect(expiry - now()).toBeGreaterThanOrEqual(7 * second - 100)
  })

  it('never makes isSignedIn flicker', async () => {
    const { openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const seen = new Set<boolean>()
    tab.actor.subscribe(({ context }) => seen.add(context.view.isSignedIn))
    await pass(300 * second, 100)
    expect([...seen]).toEqual([true])
  })

  it('never comes twice within 5 s, even with tokens that live 10 s', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = openTab()
    tab.clerk.lifetime = 10
    await tab.start(ada)
    await pass(60 * second, 100)
    const gaps = server.posts.map(({ at }, index) => at - (server.posts[index - 1]?.at ?? -Infinity)).slice(1)
    expect(gaps.length).toBeGreaterThan(8)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5 * second)
  })

  it('skips the cache, which may have a token that is only a second newer than the proof', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab('tab', { random: () => 0 }).start(ada)
    const getToken = tab.clerk.getToken.bind(tab.clerk)
    const hardlyNewer = JSON.stringify({ ...JSON.parse((await getToken(true)) ?? ''), jti: -1 })
    tab.clerk.getToken = async (skipCache) => {
      const token = await getToken(skipCache)
      return skipCache ? token : hardlyNewer
    }
    await pass(52 * second)
    expect(server.posts).toHaveLength(2)
    expect(tab.state).toBe('open | confirmed')
  })

  it('that fails is retried while the view is valid, and loses nothing', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    await pass(40 * second)
    server.postFailure = toError('keys-unavailable')
    await pass(8 * second)
    expect(tab.state).toBe('open | retrying')
    expect(tab.context.view.isSignedIn).toBe(true)
    server.postFailure = null
    await pass(10 * second)
    expect(tab.state).toBe('open | confirmed')
  })

  it('is left to the tab that comes first, and the others wait again', async () => {
    const { server, openTab, pass } = createWorld()
    const random = createRandom(3)
    for (const name of ['a', 'b', 'c']) await openTab(name, { random }).start(ada)
    await pass(600 * second, 100)
    // Tokens live for 60 s and are renewed about every 45 s, which makes 13 rounds and the first post.
    expect(server.posts.length).toBeLessThanOrEqual(16)
    expect(server.posts.length).toBeGreaterThanOrEqual(12)
  })

  it('that falls due while the stream is away waits for it', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    await pass(40 * second)
    server.streamFailure = server.pollFailure = toError('draining')
    server.drop()
    await pass(7 * second)
    expect(tab.state).toMatch(/\| fetchingToken.waitingForStream$/)
    expect(server.posts).toHaveLength(1)
    server.streamFailure = server.pollFailure = null
    await pass(30 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(2)
  })

  it('never uses a delay so long that it would fire at once', () => {
    const view = { ...createSyncContext({ tab: '' }).view, ...ada, isSignedIn: true }
    const inAYear = createSyncContext({ tab: '', now: () => 0, view: { ...view, expiresAt: 365 * 24 * hour } })
    expect(toRenewalDelay({ ...inAYear, identity: ada })).toBe(longestDelay)
    expect(toRenewalDelay({ ...inAYear, identity: null })).toBe(longestDelay)
    expect(toRenewalDelay({ ...inAYear, identity: ada, view: { ...view, expiresAt: -1 }, postedAt: -9_000 })).toBe(0)
  })
})
