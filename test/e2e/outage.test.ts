import type { Fault } from 'authchart/testing'
import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import { passTime, passTimeUntil } from './virtual-time.ts'
import type { World } from './world.ts'

const tokens = /\/v1\/client\/sessions\/[^/]+\/tokens/

/**
 * Breaks the token endpoint.
 *
 * @returns the function that repairs it
 */
type Outage = (world: World) => Promise<() => unknown>

const failing =
  (fault: Omit<Fault, 'path'>): Outage =>
  async ({ clerk }) =>
    clerk.addFault({ path: tokens, ...fault })

/**
 * Leaves requests hanging even after the endpoint has recovered. The requests hang in the browser, because six of
 * them at the emulator would block its port.
 */
const hanging: Outage = async ({ context }) => {
  let hangs = true
  await context.route(tokens, (route) => (hangs ? undefined : route.continue()))
  return () => (hangs = false)
}

const outages: { how: string; start: Outage }[] = [
  { how: 'answers null', start: failing({ status: 200, body: {} }) },
  { how: 'throws', start: failing({ status: 422 }) },
  { how: 'throws late, after retries of its own', start: failing({ status: 503 }) },
  { how: 'hangs', start: hanging },
]

describe.runIf(findChromium())("an outage of Clerk's token endpoint", () => {
  const openWorld = useBrowser()

  it.each(outages)('retries, is degraded and heals, and never signs out, where getToken $how', async (outage) => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const start = tab.log.length
    let asked = 0
    world.context.on('request', (request) => (asked += tokens.test(request.url()) ? 1 : 0))
    const { expiresAt, now } = await tab.view()

    const heal = await outage.start(world)
    await passTime(world, Math.ceil((expiresAt! - now) / 1_000) + 30)
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(tab.views(start).every((view) => view.isSignedIn)).toBe(true)
    expect(tab.shown(start)).toEqual([])

    // After exp and the tolerance no proof is left. The page then says that it failed, and not that nobody is signed
    // in.
    await passTimeUntil(world, 240, async () => {
      expect((await tab.view()).isSignedIn).toBe(false)
      expect(await tab.syncState()).toContain('degraded')
    })
    await tab.shows('failed')

    await heal()
    await passTimeUntil(world, 120, async () => expect((await tab.view()).isSignedIn).toBe(true))
    await tab.shows('authenticated')
    expect(tab.shown(start)).not.toContain('unauthenticated')
    expect(world.posts().filter(({ request }) => request.includes('session.cleared'))).toEqual([])
    expect(tab.log.slice(start).filter((entry) => entry.kind === 'clerk')).toEqual([])
  })

  it('shows nothing of an outage that ends before the token expires', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const start = tab.log.length
    const { expiresAt } = await tab.view()

    world.clerk.addFault({ path: tokens, status: 200, body: {}, times: 2 })
    await passTimeUntil(world, 60, async () => expect((await tab.view()).expiresAt).toBeGreaterThan(expiresAt!))
    expect(tab.views(start).every((view) => view.isSignedIn && view.error === null)).toBe(true)
    expect(tab.shown(start)).toEqual([])
  })
})
