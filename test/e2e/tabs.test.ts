import type { AuthStatus } from 'authchart/client'
import { describe, expect, it, vi } from 'vitest'
import { findChromium } from './browser.ts'
import type { Tab } from './tab.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'
import { user, type World } from './world.ts'

/**
 * Returns the distinct views of the tabs without the moment at which each was told. There is one entry if the tabs
 * agree.
 */
async function viewsOfAll(tabs: readonly Tab[]) {
  const views = await Promise.all(tabs.map((tab) => tab.view()))
  return [...new Set(views.map((view) => JSON.stringify({ ...view, now: 0 })))]
}

/**
 * Opens tabs as a restarted browser does that is far from the server: Clerk's cookies outlived the last run and ours
 * did not, so every tab has asked for a stream before the first answer brings a new cookie.
 */
async function openTabsAtOnce({ app, context, openTab }: World, count: number, status: AuthStatus): Promise<Tab[]> {
  const lastRun = await openTab()
  await lastRun.shows(status)
  const hasToken = async () => (await context.cookies()).some(({ name }) => name === '__session')
  await vi.waitUntil(async () => (await hasToken()) === (status === 'authenticated'), { timeout: 10_000 })
  await lastRun.close()
  await context.clearCookies({ name: 'authchart' })
  await app.restart('crash')
  app.tap.delay(({ method }) => method === 'GET', 500)
  return Promise.all(Array.from({ length: count }, () => openTab()))
}

const setOrganization = ({ page }: Tab, organization: string) =>
  page.evaluate((organization) => window.Clerk!.setActive({ organization }), organization)

/**
 * Makes focus follow `bringToFront`, because Playwright makes every page believe that it is in front.
 *
 * @returns a function that gives a tab focus, after a page that does not belong to the app
 */
async function useRealFocus({ context }: World, tabs: readonly Tab[]) {
  for (const { page } of tabs) {
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setFocusEmulationEnabled', { enabled: false })
  }
  const elsewhere = await context.newPage()
  const hasFocus = ({ page }: Tab) => page.evaluate(() => document.hasFocus())
  return async (tab: Tab) => {
    await elsewhere.bringToFront()
    await expect.poll(() => Promise.all(tabs.map(hasFocus))).not.toContain(true)
    await tab.page.bringToFront()
    await expect.poll(() => hasFocus(tab)).toBe(true)
  }
}

describe.runIf(findChromium())('several tabs', () => {
  const openWorld = useBrowser()

  it.each([
    { who: 'of somebody signed in', isSignedIn: true, status: 'authenticated' as const },
    { who: 'of nobody', isSignedIn: false, status: 'unauthenticated' as const },
  ])('share one server session when three open at once: $who', async ({ isSignedIn, status }) => {
    const world = await openWorld()
    if (isSignedIn) await world.signInAtClerk()
    const tabs = await openTabsAtOnce(world, 3, status)
    await Promise.all(tabs.map((tab) => tab.shows(status)))
    await expect.poll(() => world.app.auth.stats()).toEqual({ sessions: 1, signedIn: isSignedIn ? 1 : 0, streams: 1 })
    expect(await viewsOfAll(tabs)).toHaveLength(1)
  })

  it('post at most 4 times a minute with two organisations, agree on one view, and let the tab focused last win', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    for (const id of ['org_acme', 'org_zeta']) {
      world.clerk.setMembership(user.id, world.clerk.addOrganization({ id, name: id }))
    }
    await world.signInAtClerk()
    const tabs = [await world.openTab(), await world.openTab()] as const
    await Promise.all(tabs.map((tab) => tab.shows('authenticated')))
    const focus = await useRealFocus(world, tabs)
    await expect.poll(() => Promise.all(tabs.map((tab) => tab.syncState()))).toEqual(Array(2).fill('open confirmed'))

    const posted = world.posts().length
    await setOrganization(tabs[0], 'org_acme')
    await setOrganization(tabs[1], 'org_zeta')
    await passTime(world, 60)
    expect(await tabs[0].page.locator('#clerk').getAttribute('data-org')).toBe('org_acme')
    expect(await tabs[1].page.locator('#clerk').getAttribute('data-org')).toBe('org_zeta')
    expect(world.posts().length - posted).toBeGreaterThanOrEqual(2)
    expect(world.posts().length - posted).toBeLessThanOrEqual(4)
    expect(await viewsOfAll(tabs)).toHaveLength(1)

    for (const [tab, org] of [
      [tabs[0], 'org_acme'],
      [tabs[1], 'org_zeta'],
    ] as const) {
      await focus(tab)
      await Promise.all(tabs.map((each) => each.serverSays({ state: 'signedIn', org })))
      expect(await viewsOfAll(tabs)).toHaveLength(1)
      // A tab that is focused once more posts nothing, and posts nothing later to the tab that is focused next.
      await focus(tab)
    }
    await passTime(world, 5)
    await Promise.all(tabs.map((each) => each.serverSays({ state: 'signedIn', org: 'org_zeta' })))
  })

  it('send at most 4 posts a minute and no sign-out while one still thinks itself signed out', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const stale = await world.openTab()
    await stale.shows('unauthenticated')
    await stale.page.route(`${world.clerk.url}/fapi/v1/**`, (route) => route.abort())
    await world.signInAtClerk()
    const current = await world.openTab()
    await current.shows('authenticated')
    const signedIn = current.log.length

    const posted = world.posts().length
    await passTime(world, 60)
    expect(await stale.page.locator('#clerk').getAttribute('data-clerk')).toBe('signedOut')
    const posts = world.posts().slice(posted)
    expect(posts.length).toBeLessThanOrEqual(4)
    expect(posts.filter(({ request }) => request.includes('session.cleared'))).toEqual([])
    expect(current.views(signedIn).every((view) => view.isSignedIn)).toBe(true)
    expect(await viewsOfAll([stale, current])).toHaveLength(1)
    expect((await stale.view()).isSignedIn).toBe(true)
  })
})
