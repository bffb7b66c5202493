import { describe, expect, it } from 'vitest'
import { toHeldView } from '../../machines/sync/auth-status.ts'
import { ada, createWorld, settle } from './world.ts'

const second = 1_000
const hour = 3_600 * second

describe("the page's estimate of the server's clock", () => {
  it('is not moved back by a frame that was in transit for long, so the view ends in time', async () => {
    const { server, openTab, pass, now } = createWorld()
    const tab = await openTab().start(ada)
    await pass(second)
    const { expiresAt } = tab.context.view
    // A buffering proxy delivers each frame 30 s late, again and again.
    tab.clerk.mode = 'hang'
    for (let each = 0; each < 13; each += 1) {
      await pass(10 * second)
      tab.send({ type: 'ping.received', now: now() - 30 * second })
      expect(tab.context.offset).toBe(0)
    }
    server.isPinging = false
    expect(now()).toBeGreaterThan(expiresAt! + 60 * second)
    expect(toHeldView(tab.context)).toMatchObject({ isSignedIn: false })
  })

  it.each(['ping', 'view'] as const)(
    'does not change for a %s that is an hour old, and the stream is opened again',
    async (kind) => {
      const { server, openTab, pass, now } = createWorld()
      const tab = await openTab().start(ada)
      await pass(second)
      const { view } = tab.context
      const old = now() - hour
      if (kind === 'ping') tab.send({ type: 'ping.received', now: old })
      else tab.send({ type: 'view.received', view: { ...view, rev: view.rev + 1, now: old, orgRole: 'admin' } })
      await settle()
      expect(tab.state).toBe('open | confirmed')
      expect(server.connects).toHaveLength(2)
      expect(tab.context.offset).toBe(0)
      expect(tab.context.view.orgRole).toBeNull()
    },
  )

  it("is right after one answer if the browser's clock is wrong by an hour, in either direction", async () => {
    for (const skew of [hour, -hour]) {
      const { server, openTab } = createWorld()
      server.skew = skew
      const tab = await openTab().start(ada)
      expect(tab.context.offset).toBe(skew)
    }
  })

  it.each([hour, -hour])("is right within 5 s after the browser's clock is set by %i ms", async (step) => {
    const { server, openTab, pass, sleep } = createWorld()
    const tab = await openTab().start(ada)
    await pass(20 * second)
    sleep(step)
    server.skew = -step
    await pass(5 * second)
    expect(tab.context.offset).toBe(-step)
    expect(toHeldView(tab.context)).toMatchObject({ isSignedIn: true })
  })

  it('is exact to within the time that a request took', async () => {
    const { server, openTab, pass } = createWorld()
    server.isSilent = true
    const { answerView } = server
    const late: (() => void)[] = []
    server.answerView = async (...question) => {
      const view = await answerView(...question)
      return new Promise((resolve) => late.push(() => resolve(view)))
    }
    const tab = await openTab().start(null)
    await pass(5 * second)
    // The answers were made 2 s ago, so each alone would set the clock back by 2 s.
    late.splice(0).forEach((answer) => answer())
    await settle()
    expect(tab.context.hasPolled).toBe(true)
    expect(tab.context.offset).toBe(0)
  })
})
