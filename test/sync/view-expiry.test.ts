import { describe, expect, it } from 'vitest'
import { toUncheckedView, type AuthView } from '../../machines/auth-view.ts'
import { toAuthStatus, toAuthStatusFacts, toHeldView, type AuthStatus } from '../../machines/sync/auth-status.ts'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle } from './world.ts'

const second = 1_000
const hour = 3_600 * second

/** A signed-in tab with everything that its subscribers have seen, each with its time on the clock of timers. */
async function openHeld(input = {}) {
  const world = createWorld()
  const tab = await world.openTab('tab', input).start(ada)
  const seen: { at: number; status: AuthStatus; userId: string | null }[] = []
  tab.actor.subscribe((snapshot) => {
    const { userId } = toHeldView(snapshot.context)
    seen.push({ at: world.clock.now(), status: toAuthStatus(toAuthStatusFacts(snapshot)), userId })
  })
  return {
    ...world,
    tab,
    seen,
    held: () => toHeldView(tab.context),
    /** Breaks the stream, and refuses the reconnect permanently. */
    async refuse() {
      world.server.streamFailure = toError('origin-rejected')
      world.server.drop()
      await world.pass(2 * second)
      expect(tab.state).toMatch(/^closed/)
    },
    /** The time when the page was told that nobody was signed in. */
    toldAt: () => seen.find(({ userId }) => userId === null)?.at,
  }
}

describe('the end of a valid view', () => {
  it('is reported at the expiry plus the tolerance, even if the stream was refused permanently', async () => {
    const { refuse, seen, pass, toldAt } = await openHeld()
    await pass(10 * second)
    await refuse()
    expect(seen.at(-1)).toMatchObject({ status: 'authenticated', userId: ada.userId })
    await pass(107_900)
    expect(toldAt()).toBeUndefined()
    await pass(200)
    expect(toldAt()).toBe(120 * second)
    expect(seen.at(-1)).toMatchObject({ status: 'failed', userId: null })
  })

  it('is reported if every retry has failed', async () => {
    // A ping would report it too, so the end comes three seconds before a ping.
    const { server, tab, pass, toldAt } = await openHeld({ clockTolerance: 57 })
    server.postFailure = toError('token-claims')
    server.tolerance = hour
    await pass(116_900)
    expect(tab.state).toBe('open | degraded')
    expect(toldAt()).toBeUndefined()
    await pass(200)
    expect(toldAt()).toBe(117 * second)
  })

  it('is reported while Clerk loads, and while it says signed out', async () => {
    for (const part of ['loading', 'signedOut'] as const) {
      const { server, tab, pass, toldAt } = await openHeld({ clockTolerance: 57 })
      server.postFailure = toError('token-claims')
      server.tolerance = hour
      if (part === 'loading') tab.clerkSays(undefined)
      else tab.clerkSays(null)
      await pass(116_900)
      expect(toldAt(), part).toBeUndefined()
      await pass(200)
      expect(toldAt(), part).toBe(117 * second)
    }
  })

  it('leaves no timer with a stopped client, and is reported again after a new start', async () => {
    const { server, tab, pass, seen, held, toldAt } = await openHeld()
    tab.send({ type: 'client.stopped' })
    const before = seen.length
    await pass(200 * second)
    expect(seen.length).toBe(before)
    expect(held().isSignedIn).toBe(false)
    server.streamFailure = toError('origin-rejected')
    tab.send({ type: 'client.started' })
    await pass(second)
    expect(toldAt()).toBe(200 * second)
  })

  it('follows the clock of the server', async () => {
    const { server, tab, pass, refuse, toldAt } = await openHeld()
    tab.clerk.mode = 'null'
    server.skew = 30 * second
    await pass(16 * second)
    await refuse()
    await pass(100 * second)
    expect(toldAt()).toBe(90 * second)
  })

  it('moves with every renewal, and with another expiry', async () => {
    const { tab, server, pass, refuse, toldAt } = await openHeld()
    await pass(47 * second)
    expect(server.posts).toHaveLength(2)
    await refuse()
    const { expiresAt } = tab.context.view
    await pass(100 * second)
    expect(toldAt()).toBeUndefined()
    await pass(20 * second)
    expect(toldAt()).toBe(105 * second + 60 * second)
    expect(expiresAt).toBe(tab.context.now() - 169 * second + 105 * second)

    const earlier = await openHeld()
    earlier.server.show({ expiresAt: (earlier.server.view?.expiresAt ?? 0) - 40 * second })
    await earlier.refuse()
    await earlier.pass(100 * second)
    expect(earlier.toldAt()).toBe(80 * second)
  })

  it('does not come early if it is further off than a timer can count', async () => {
    const { server, tab, pass, seen } = await openHeld()
    server.show({ expiresAt: tab.context.now() + 1_000 * hour })
    await pass(100 * second, second)
    expect(seen.every(({ userId }) => userId === ada.userId)).toBe(true)
  })

  it('is noticed soon after a sleep, without any event from outside', async () => {
    const { pass, refuse, sleep, toldAt, held } = await openHeld()
    await refuse()
    sleep(hour)
    expect(held().isSignedIn).toBe(false)
    await pass(16 * second)
    expect(toldAt()).toBeLessThanOrEqual(18 * second)
  })

  it('is waited for again if the clock was set back', async () => {
    const { pass, refuse, sleep, toldAt, held } = await openHeld()
    await refuse()
    sleep(-60 * second)
    await pass(130 * second)
    expect([held().isSignedIn, toldAt()]).toEqual([true, undefined])
    await pass(60 * second)
    expect(toldAt()).toBe(180 * second)
  })

  it('makes a new snapshot, and then nothing more', async () => {
    const { tab, clock, pass, refuse, seen } = await openHeld()
    await refuse()
    await pass(119_900 - clock.now())
    const before = tab.actor.getSnapshot()
    await pass(200)
    expect(tab.actor.getSnapshot()).not.toBe(before)
    const told = seen.length
    await pass(100 * second, second)
    expect(seen).toHaveLength(told)
  })

  it('keeps one timer, however often it moves', async () => {
    const { tab, clock, server, pass } = await openHeld()
    const pending = () => (clock as unknown as { timeouts: Map<number, unknown> }).timeouts.size
    const before = pending()
    const { expiresAt } = tab.context.view
    for (let each = 1; each <= 50; each += 1) server.show({ expiresAt: (expiresAt ?? 0) + each })
    await pass(20 * second)
    expect(pending()).toBeLessThanOrEqual(before + 1)
  })
})

it('a view known before the start has no timer until then', async () => {
  const { clock, now, openTab, server, pass } = createWorld()
  const view: AuthView = {
    ...toUncheckedView(now()),
    ...ada,
    state: 'signedIn',
    authChecked: true,
    isSignedIn: true,
    expiresAt: now() + 60 * second,
  }
  const tab = openTab('tab', { view })
  expect((clock as unknown as { timeouts: Map<number, unknown> }).timeouts.size).toBe(0)
  server.streamFailure = toError('origin-rejected')
  const seen: boolean[] = []
  await tab.start(undefined)
  tab.actor.subscribe(({ context }) => seen.push(toHeldView(context).isSignedIn))
  await pass(121 * second)
  expect(seen.at(-1)).toBe(false)
})

describe('a view that is no longer valid', () => {
  it('names nobody, has the same channel and rev, and is the same object at every read', async () => {
    const { tab, held, sleep, refuse } = await openHeld()
    await refuse()
    const { channel, rev, now } = tab.context.view
    sleep(hour)
    expect(held()).toEqual({ ...toUncheckedView(now), channel, rev })
    expect(held()).toBe(held())
    expect(tab.context.view).toMatchObject({ isSignedIn: true, userId: ada.userId })
  })

  it('ends the session that it had shown if Clerk says signed out later', async () => {
    const { tab, server, pass, refuse } = await openHeld()
    server.tolerance = hour
    await refuse()
    await pass(130 * second)
    server.streamFailure = null
    tab.clerkSays(null)
    await pass(5 * second)
    expect(server.posts.at(-1)?.event).toMatchObject({ type: 'session.cleared', sessionId: ada.sessionId })
    expect(tab.state).toBe('open | signedOut')
  })

  it('is followed by another user as one change', async () => {
    const { tab, server, pass, refuse, seen } = await openHeld()
    await refuse()
    await pass(130 * second)
    server.streamFailure = null
    tab.clerkSays(bob)
    await settle()
    await pass(5 * second)
    const users = seen.map(({ userId }) => userId).filter((userId, index, all) => userId !== all[index - 1])
    expect(users).toEqual([ada.userId, null, bob.userId])
  })
})
