import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { suspendPages } from './suspend.ts'
import type { Tab } from './tab.ts'
import { useBrowser } from './use-browser.ts'
import { passServerTime, passTimeUntil } from './virtual-time.ts'
import type { World } from './world.ts'

/** The length of the sleep in seconds, long past exp and tolerance. */
const nap = 600

async function openSignedIn(world: World): Promise<{ tab: Tab; start: number; expiresAt: number }> {
  const tab = await world.openSignedInTab()
  return { tab, start: tab.log.length, expiresAt: (await tab.view()).expiresAt! }
}

/**
 * Waits until the page has proven itself again.
 *
 * @returns what the page must not have done meanwhile
 */
async function wokenUp(world: World, { tab, start, expiresAt }: Awaited<ReturnType<typeof openSignedIn>>) {
  await passTimeUntil(world, 60, async () => {
    expect(await tab.view()).toMatchObject({ isSignedIn: true, userId: 'user_ada' })
    expect((await tab.view()).expiresAt).toBeGreaterThan(expiresAt)
  })
  await tab.shows('authenticated')
  return {
    flashes: tab.shown(start).filter((status) => status === 'unauthenticated' || status === 'failed'),
    signOuts: world.posts().filter(({ request }) => request.includes('session.cleared')).length,
  }
}

describe.runIf(findChromium())('a page asleep past the expiry of its token', () => {
  const openWorld = useBrowser()

  it('wakes without a flash of the sign-in page after all its processes were stopped', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const page = await openSignedIn(world)
    const wake = await suspendPages(world.context.browser()!)
    try {
      await passServerTime(nap)
      expect(world.app.auth.stats().signedIn).toBe(0)
      expect(page.tab.log).toHaveLength(page.start)
      const jump = world.context.clock.fastForward(nap * 1_000)
      wake()
      await jump
    } finally {
      wake()
    }
    expect(await wokenUp(world, page)).toEqual({ flashes: [], signOuts: 0 })
  })

  it('wakes without a flash when its timers run before it hears from the server', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const page = await openSignedIn(world)
    const letGo = world.app.tap.hold(({ path }) => path.startsWith('/auth/'))
    await passServerTime(nap)
    await world.context.clock.fastForward(nap * 1_000)
    letGo()
    expect(await wokenUp(world, page)).toEqual({ flashes: [], signOuts: 0 })
  })

  it('wakes without a flash when it hears of the expiry before its own clock has moved', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const page = await openSignedIn(world)
    const letGo = world.app.tap.hold(({ path }) => path.startsWith('/auth/'))
    await passServerTime(nap)
    letGo()
    await expect.poll(() => page.tab.views(page.start).some((view) => !view.isSignedIn)).toBe(true)
    await world.context.clock.fastForward(nap * 1_000)
    expect(await wokenUp(world, page)).toEqual({ flashes: [], signOuts: 0 })
  })

  it('wakes when its first request for a token went into a connection that died during the sleep', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const page = await openSignedIn(world)
    let asked = 0
    await world.context.route(/\/tokens\b/, (route) => {
      asked += 1
      return asked === 1 ? undefined : route.continue()
    })
    await passServerTime(nap)
    await world.context.clock.fastForward(nap * 1_000)
    expect(await wokenUp(world, page)).toEqual({ flashes: [], signOuts: 0 })
    expect(asked).toBeGreaterThan(1)
  })
})
