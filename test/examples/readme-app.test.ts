import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { findChromium } from '../e2e/browser.ts'
import { useBrowser } from '../e2e/use-browser.ts'
import { passTime, passTimeUntil } from '../e2e/virtual-time.ts'
import { signIn, type World } from '../e2e/world.ts'
import { bundleReadmeApp } from './readme-app/bundle-readme-app.ts'

interface Breakdown {
  readonly what: string
  /** True if the emulator serves Clerk. Default true. */
  readonly hasClerk?: boolean
  /**
   * Breaks the world before the page is opened.
   *
   * @returns the function that repairs it
   */
  readonly start: (world: World) => Promise<(page: Page) => unknown>
  readonly says: RegExp
}

/** Waits until Clerk has loaded, because virtual time that passes before would count as Clerk's. */
const clerkLoads = (page: Page) => page.waitForFunction(() => window.Clerk?.loaded)

const breakdowns: Breakdown[] = [
  {
    what: 'server is down',
    start: async ({ context }) => {
      await context.route('**/auth/**', (route) => route.abort())
      return () => context.unroute('**/auth/**')
    },
    says: /could not be reached/,
  },
  {
    what: 'signing keys cannot be reached',
    start: async ({ clerk }) => clerk.addFault({ path: /jwks/, status: 503 }),
    says: /keys/,
  },
  {
    what: 'clerk-js does not come',
    hasClerk: false,
    start: async ({ context, clerk }) => {
      await context.route(clerk.providerProps.__internal_clerkJSUrl, (route) => route.abort())
      return async (page) => {
        await context.unroute(clerk.providerProps.__internal_clerkJSUrl)
        // Clerk stops asking for its script after 15 s.
        await page.reload()
      }
    },
    says: /Clerk/,
  },
]

describe.runIf(findChromium())("the README's app", () => {
  const openWorld = useBrowser(bundleReadmeApp)

  it('signs in, as the server says', async () => {
    const world = await openWorld()
    const tab = await world.openTab()
    await signIn(tab)
    const greeting = tab.page.getByText('The server knows you as user_ada.')
    await expect.poll(() => greeting.count()).toBe(1)
  })

  it.each(breakdowns)('says so and offers another try if the $what', async ({ hasClerk = true, start, says }) => {
    const world = await openWorld({ hasVirtualTime: true })
    await world.signInAtClerk()
    const mend = await start(world)
    const { page } = await world.openTab()
    if (hasClerk) await clerkLoads(page)
    const alert = page.getByRole('alert')
    const isToldSo = async () => expect(await alert.allTextContents()).toEqual([expect.stringMatching(says)])
    await passTimeUntil(world, 60, isToldSo)

    // The click comes before the repair, because afterwards the page may recover before there is time to click.
    await page.getByRole('button', { name: 'Try again' }).click()
    await passTimeUntil(world, 60, isToldSo)
    await mend(page)
    const greeting = page.getByText('The server knows you as user_ada.')
    await passTimeUntil(world, 60, async () => expect(await greeting.count()).toBe(1))
    expect(await alert.count()).toBe(0)
  })

  it('shows why the server permanently refuses a user who is signed in at Clerk, loads once, and signs out', async () => {
    const authorizedParties = ['http://localhost:1']
    const world = await openWorld({ hasVirtualTime: true, auth: { claims: { authorizedParties } } })
    await world.signInAtClerk()
    const { page } = await world.openTab()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    await passTime(world, 6)
    expect(await alert.textContent()).toContain('authorizedParties')
    expect(world.documents()).toBe(1)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await alert.waitFor({ state: 'detached' })
    await page.waitForSelector('input[name=identifier]')
  })
})
