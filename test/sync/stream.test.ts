import { describe, expect, it } from 'vitest'
import { afterStream } from '../../machines/sync/sync-changes.ts'
import { createSyncContext } from '../../machines/sync/sync-context.ts'
import { createRandom } from '../seeded-random.ts'
import { toError } from './model-server.ts'
import { ada, createWorld, settle, type Tab } from './world.ts'

const second = 1_000

describe('the stream', () => {
  it('is given up after 2.5 pings of silence, and opened again', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(null)
    await pass(600 * second, second)
    expect(server.connects).toHaveLength(1)
    server.isPinging = false
    await pass(37 * second, 100)
    expect(tab.state).toMatch(/^open/)
    await pass(2 * second, 100)
    expect(server.connects).toHaveLength(2)
    expect(server.openStreams).toBe(1)
  })

  it('is also given up if it never brings a first view', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(ada)
    expect(tab.state).toBe('connecting | fetchingToken.waitingForStream')
    await pass(37 * second, 100)
    server.isSilent = false
    await pass(2 * second, 100)
    expect(tab.state).toBe('open | confirmed')
  })

  it.each(['focus.gained', 'network.online', 'retry.requested'] as const)(
    'is opened again after silence on %s, without waiting for the watchdog',
    async (type) => {
      const { clock, server, openTab, sleep } = createWorld()
      const tab = await openTab().start(null)
      sleep(600 * second)
      tab.send({ type })
      await settle()
      expect(tab.state).toMatch(/^open/)
      expect(server.connects).toHaveLength(2)
      expect(clock.now()).toBe(0)
    },
  )

  it('is opened again when the browser comes online, because the old connection may be dead', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(null)
    await pass(second)
    tab.send({ type: 'network.online' })
    await settle()
    expect(tab.state).toMatch(/^open/)
    expect(server.connects).toHaveLength(2)
    expect(server.openStreams).toBe(1)
  })

  it('is requested again when the browser comes online after a failure', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const tab = await openTab().start(null)
    await pass(second)
    server.isSilent = false
    tab.send({ type: 'network.online' })
    await settle()
    expect(tab.state).toMatch(/^open/)
  })

  it.each([25, 600])('is missed within 5 s after the machine slept for %i s, by the clock alone', async (nap) => {
    const { server, openTab, pass, sleep } = createWorld()
    const tab = await openTab().start(ada)
    await pass(2 * second)
    // The connection died during the sleep, and the server has news.
    server.mute()
    sleep(nap * second)
    server.show({ claims: { news: true } })
    await pass(5 * second)
    expect(tab.context.view.claims).toEqual({ news: true })
  })

  it('is doubted when a ping is missing: the view is polled, and a frame ends the doubt', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.isPinging = false
    await pass(18 * second)
    expect(server.polls).toEqual([])
    await pass(4 * second)
    expect(server.polls).toHaveLength(1)
    server.show({ orgRole: 'admin' })
    await pass(12 * second)
    expect(server.polls).toHaveLength(1)
    expect(tab.state).toBe('open | confirmed')
    expect(server.connects).toHaveLength(1)
  })

  it('is opened again within seconds each time a proxy cuts it after 10 s, before the first ping', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
    for (let each = 0; each < 20; each += 1) {
      await pass(10 * second)
      server.drop()
      await pass(1_100)
      expect(tab.state).toMatch(/^open/)
    }
  })

  it.each([
    ['offline', 3, toError('internal')],
    ['offline', 15, toError('internal')],
    ['offline', 45, toError('internal')],
    ['offline', 110, toError('internal')],
  ] as const)(
    '%s for %i s: the view is right 5 s after the network is, without any event',
    async (_, away, failure) => {
      for (const random of [() => 0, () => 0.5, () => 0.999]) {
        const { server, openTab, pass } = createWorld()
        const tab = await openTab('tab', { random }).start(ada)
        await pass(second)
        server.streamFailure = server.pollFailure = server.postFailure = failure
        server.drop()
        await pass(away * second)
        server.streamFailure = server.pollFailure = server.postFailure = null
        server.show({ claims: { news: true } })
        await pass(5 * second)
        expect(tab.context.view.claims).toEqual({ news: true })
      }
    },
  )

  it.each(['origin-rejected', 'not-signed-in'] as const)(
    'stops on %s, until focus, the network, a user or Clerk brings news',
    async (code) => {
      const news = [
        (tab: Tab) => tab.focus(),
        (tab: Tab) => tab.send({ type: 'network.online' }),
        (tab: Tab) => tab.send({ type: 'retry.requested' }),
        (tab: Tab) => tab.clerkSays({ ...ada, orgRole: 'org:admin' }),
      ]
      for (const bring of news) {
        const { server, openTab, pass } = createWorld()
        server.streamFailure = toError(code)
        const tab = await openTab().start(ada)
        await pass(239 * second, second)
        expect(server.connects).toHaveLength(1)
        expect(tab.state).toBe('closed | degraded')
        server.streamFailure = null
        bring(tab)
        await settle()
        expect(tab.state).toBe('open | confirmed')
      }
    },
  )

  it('is requested again every 4 to 6 minutes after a refusal, whatever was tried in between', async () => {
    const { server, openTab, pass } = createWorld()
    const random = createRandom(5)
    server.streamFailure = toError('not-found')
    const tab = await openTab('tab', { random }).start(null)
    for (let each = 0; each < 5; each += 1) {
      await pass(second)
      tab.focus()
      await settle()
    }
    expect(server.connects).toHaveLength(6)
    await pass(3_600 * second, second)
    const gaps = server.connects.slice(5).map((at, index, all) => (at - (all[index - 1] ?? at)) / second)
    expect(gaps.length).toBeGreaterThan(10)
    expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(240)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(361)
    server.streamFailure = null
    await pass(361 * second, second)
    expect(tab.state).toBe('open | signedOut')
  })

  it('is not requested any more after a refusal once the client is stopped', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = toError('not-found')
    const tab = await openTab().start(null)
    tab.send({ type: 'client.stopped' })
    for (const type of ['focus.gained', 'network.online', 'retry.requested'] as const) tab.send({ type })
    await pass(3_600 * second, second)
    expect(server.connects).toHaveLength(1)
    expect(tab.state).toBe('closed | waitingForClerk')
  })

  it.each(['too-many-requests', 'draining', 'internal'] as const)(
    'backs off on %s, doubling up to 30 s',
    async (code) => {
      const { server, openTab, pass } = createWorld()
      server.streamFailure = server.pollFailure = toError(code)
      const tab = await openTab('tab', { random: () => 0.999 }).start(ada)
      await pass(125 * second, 100)
      const gaps = server.connects.map((at, index) => at - (server.connects[index - 1] ?? at)).slice(1)
      expect(gaps.map((gap) => Math.round(gap / second))).toEqual([1, 2, 4, 8, 16, 30, 30, 30])
      expect(tab.state).toBe('backoff | degraded')
      server.streamFailure = null
      await pass(31 * second, 100)
      expect(tab.state).toBe('open | confirmed')
    },
  )

  it('honours Retry-After, also on focus', async () => {
    const { server, openTab, pass } = createWorld()
    server.streamFailure = toError('at-capacity', 20 * second)
    const tab = await openTab().start(null)
    server.streamFailure = null
    await pass(19 * second)
    tab.focus()
    await settle()
    expect(server.connects).toHaveLength(1)
    await pass(2 * second)
    expect(tab.state).toBe('open | signedOut')
  })

  it.each(['at-capacity', 'too-many-sessions'] as const)(
    'that is refused with %s lets a signed-in client post first, and no other',
    async (code) => {
      const { server, openTab, pass } = createWorld()
      server.streamFailure = toError(code, 5 * second)
      const anonymous = await openTab().start(null)
      expect([anonymous.state, server.posts.length]).toEqual(['backoff | signedOut', 0])
      const tab = await openTab().start(ada)
      expect([tab.state, server.posts.length]).toEqual(['backoff | confirmed', 1])
      anonymous.actor.stop()
      server.streamFailure = null
      await pass(7 * second)
      expect(tab.state).toBe('open | confirmed')
    },
  )

  it('comes back at once on focus, online or on request, if the server allows it', async () => {
    const signals = [{ type: 'focus.gained' }, { type: 'network.online' }, { type: 'retry.requested' }] as const
    for (const signal of signals) {
      const { server, openTab } = createWorld()
      const tab = await openTab().start(null)
      server.drop()
      await settle()
      expect(tab.state).toMatch(/^backoff/)
      tab.send(signal)
      await settle()
      expect(tab.state).toMatch(/^open/)
    }
  })

  it('may crash in the host, which counts as a failure like any other', async () => {
    const { server, openTab, pass } = createWorld()
    server.isCrashing = true
    const tab = await openTab().start(null)
    expect(tab.state).toMatch(/^backoff/)
    server.isCrashing = false
    await pass(2 * second)
    expect(tab.state).toMatch(/^open/)
  })

  it('spreads 10,000 clients of a restarted server: the peak is at most 3 times the mean', () => {
    const seed = Number(process.env['SEED'] ?? 11)
    console.log(`SEED=${seed}`)
    const random = createRandom(seed)
    const perTick = Array.from({ length: 20 }, () => 0)
    for (let client = 0; client < 10_000; client++) {
      // The server also sends a retry hint with a spread of its own.
      const context = {
        ...createSyncContext({ tab: '', now: () => 0, random }),
        reconnectBase: 3_000 + random() * 2_000,
      }
      const { reconnectAt = 0 } = afterStream(context, { type: 'stream.ended', reason: 'closing' })
      perTick[Math.floor(reconnectAt / 250)]!++
    }
    expect(perTick.reduce((sum, count) => sum + count)).toBe(10_000)
    expect(Math.max(...perTick)).toBeLessThanOrEqual(3 * 500)
  })

  it('ends with the client, and starts with it again on the same actor', async () => {
    const { clock, server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.send({ type: 'client.stopped' })
    expect(tab.state).toBe('closed | waitingForClerk')
    expect(server.openStreams).toBe(0)
    await pass(600 * second, second)
    expect(server.posts).toHaveLength(1)
    expect(clock.now()).toBeGreaterThan(0)
    await tab.start(ada)
    expect(tab.state).toBe('open | confirmed')
    expect(server.openStreams).toBe(1)
  })

  it('makes no request if it is started and stopped in one task', async () => {
    const { server, openTab } = createWorld()
    const tab = openTab()
    tab.send({ type: 'client.started' })
    tab.send({ type: 'client.stopped' })
    tab.send({ type: 'client.started' })
    await settle()
    expect(server.connects).toHaveLength(1)
  })
})

describe('views', () => {
  it("from another channel than the stream's are taken from an answer, and the stream is opened again", async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(null)
    const first = tab.context.channel
    server.forget()
    tab.clerkSays(ada)
    await settle()
    expect(server.connects).toHaveLength(2)
    expect(server.openStreams).toBe(1)
    expect(tab.context.channel).not.toBe(first)
    expect(tab.context.channel).toBe(tab.context.view.channel)
    await pass(5 * second)
    expect(tab.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(2)
  })

  it('with a lower rev of the same channel change nothing, and with an equal rev keep the reference', async () => {
    const { openTab } = createWorld()
    const tab = await openTab().start(ada)
    const { view } = tab.context
    tab.send({ type: 'view.received', view: { ...view, rev: view.rev - 1, state: 'signedOut', isSignedIn: false } })
    expect(tab.context.view).toBe(view)
    tab.send({ type: 'view.received', view: { ...view } })
    expect(tab.context.view).toBe(view)
    tab.send({ type: 'view.received', view: { ...view, rev: view.rev + 1 } })
    expect(tab.context.view).not.toBe(view)
  })

  it('come back within 250 ms after bye rotated, without making the tab assert anything', async () => {
    const { server, openTab, pass } = createWorld()
    server.rotates = true
    const first = await openTab('first').start(ada)
    const second = await openTab('second').start({ ...ada, userId: 'user_other', sessionId: 'sess_other' })
    await pass(300)
    expect(first.state).toBe('open | confirmed')
    expect(second.state).toBe('open | confirmed')
    expect(server.connects).toHaveLength(3)
    await pass(40_000, 100)
    expect(server.view).toMatchObject({ userId: 'user_other' })
    expect(server.posts).toHaveLength(2)
  })
})
