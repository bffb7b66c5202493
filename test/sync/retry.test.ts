import { describe, expect, it } from 'vitest'
import { SyncError } from '../../machines/sync/sync-error.ts'
import { createRandom } from '../seeded-random.ts'
import { toError } from './model-server.ts'
import { ada, createWorld, settle, statusOf } from './world.ts'

const second = 1_000

describe('a post that fails', () => {
  it('is retried with full jitter, 0.5 → 30 s, and then counts as degraded', async () => {
    const { server, openTab, pass } = createWorld()
    server.postFailure = toError('store-unavailable')
    const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
    await pass(63 * second)
    expect(tab.state).toBe('open | degraded')
    const gaps = server.posts.map(({ at }, index) => at - (server.posts[index - 1]?.at ?? at)).slice(1)
    expect(gaps.map((gap) => Math.round(gap / 500) / 2)).toEqual([0.5, 1, 2, 4, 8, 16, 30])
  })

  it('waits a random time between zero and the limit', async () => {
    const seed = Number(process.env['SEED'] ?? 20_260_201)
    console.log(`SEED=${seed}`)
    const random = createRandom(seed)
    const firstGaps: number[] = []
    for (let run = 0; run < 60; run++) {
      const { server, openTab, pass } = createWorld()
      server.postFailure = toError('store-unavailable')
      await openTab('tab', { random }).start(ada)
      await pass(520, 10)
      firstGaps.push((server.posts[1]?.at ?? 0) - (server.posts[0]?.at ?? 0))
    }
    expect(Math.min(...firstGaps)).toBeLessThan(100)
    expect(Math.max(...firstGaps)).toBeGreaterThan(400)
    expect(Math.max(...firstGaps)).toBeLessThanOrEqual(510)
  })

  it('honours Retry-After, also when the tab gains focus meanwhile', async () => {
    const { server, openTab, pass } = createWorld()
    server.postFailure = toError('too-many-requests', 12 * second)
    const tab = await openTab().start(ada)
    server.postFailure = null
    await pass(11_900)
    tab.focus()
    await settle()
    expect(server.posts).toHaveLength(1)
    await pass(1_000)
    expect(server.posts).toHaveLength(2)
    expect(tab.state).toBe('open | confirmed')
  })

  it('with retryable: false is not retried, until Clerk, focus or a reconnect brings news', async () => {
    const { server, openTab, pass } = createWorld()
    server.postFailure = toError('token-claims')
    const tab = await openTab().start(ada)
    await pass(600 * second, second)
    expect(tab.state).toBe('open | degraded')
    // The calls are one for the cached token and one for a fresh one.
    expect(tab.clerk.calls.map(({ skipCache }) => skipCache)).toEqual([false, true])
    expect(server.posts).toHaveLength(2)
    server.postFailure = null
    tab.focus()
    await settle()
    expect(tab.state).toBe('open | confirmed')
  })

  it('is retried when a user asks, at once or after Retry-After, without counting as focus', async () => {
    for (const patience of [null, 40 * second]) {
      const { server, openTab, pass } = createWorld()
      server.postFailure = toError('too-many-requests', patience)
      // Without the request, the retry would come half a minute later.
      const tab = openTab('tab', { random: () => 0.999 })
      await tab.start(ada)
      server.postFailure = toError('too-many-requests')
      if (!patience) await pass(40 * second)
      server.postFailure = null
      const before = server.posts.length
      tab.send({ type: 'retry.requested' })
      await settle()
      expect(server.posts).toHaveLength(patience ? before : before + 1)
      await pass(patience ?? 0)
      await pass(patience ? 6 * second : 0)
      expect(tab.state).toBe('open | confirmed')
      expect(server.posts).toHaveLength(before + 1)
      expect(tab.context.isFocused).toBe(false)
    }
  })

  it('with the status failed is retried on request if Clerk says signed out and the server could not decide', async () => {
    const { server, openTab } = createWorld()
    const tab = await openTab().start(null)
    server.show({ state: 'error', authChecked: false })
    expect(statusOf(tab)).toBe('failed')
    tab.send({ type: 'retry.requested' })
    await settle()
    expect(statusOf(tab)).toBe('unauthenticated')
  })

  it('because no answer came is retried after 15 s', async () => {
    const { server, openTab, pass } = createWorld()
    server.isMute = true
    const tab = await openTab().start(ada)
    await pass(14_900)
    expect(tab.state).toBe('backoff | posting')
    await pass(200)
    expect(tab.state).toBe('backoff | retrying')
    expect(tab.context.failure?.code).toBe('network-failed')
  })

  it('with an unexpected error is retried, and reported with its cause', async () => {
    const { server, openTab } = createWorld()
    const cause = new TypeError('socket hang up')
    server.postFailure = cause as SyncError
    const tab = await openTab().start(ada)
    expect(tab.state).toBe('open | retrying')
    expect(tab.errors[0]).toMatchObject({ code: 'network-failed', cause })
  })

  it('is overtaken by the stream if a view shows the identity', async () => {
    const { server, openTab, pass } = createWorld()
    server.postFailure = toError('store-unavailable')
    const tab = await openTab().start(ada)
    await pass(70 * second, 200)
    expect(tab.state).toBe('open | degraded')
    server.postFailure = null
    await openTab('other').start(ada)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts.filter(({ event }) => event.tab === 'other')).toHaveLength(1)
  })
})

describe('a verdict that is not final', () => {
  it('as a sign-out by the server is answered with a token after a moment', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    await pass(40 * second)
    const before = server.posts.length
    server.signOut('token-expired')
    await settle()
    expect(tab.state).toBe('open | retrying')
    await pass(second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(before + 1)
  })

  it('as a revocation is accepted, and nothing is posted', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.signOut('session-revoked')
    await pass(300 * second, second)
    expect(tab.state).toBe('open | degraded')
    expect(server.posts).toHaveLength(1)
  })

  it('as a Clerk session with an unfinished task is not posted over and over', async () => {
    const { server, openTab, pass } = createWorld()
    server.isPending = true
    const tab = await openTab().start(ada)
    await pass(300 * second, second)
    expect(tab.state).toBe('open | degraded')
    expect(server.posts).toHaveLength(1)
  })

  it('in a browser that keeps no cookie ends in degraded, not in a loop', async () => {
    const { server, openTab, pass } = createWorld()
    server.isCookieless = true
    const tab = await openTab().start(ada)
    await pass(70 * second, 100)
    expect(tab.state).toBe('open | degraded')
    expect(server.posts.length).toBeLessThan(25)
  })
})
