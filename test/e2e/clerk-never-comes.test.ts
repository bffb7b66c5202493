import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import type { World } from './world.ts'

const clerkTimeout = 1_000

const failures: { how: string; arrange: (world: World) => unknown }[] = [
  {
    how: 'is blocked',
    arrange: ({ context, clerk }) =>
      context.route(clerk.providerProps.__internal_clerkJSUrl, (route) => route.abort('blockedbyclient')),
  },
  {
    how: 'never arrives',
    arrange: ({ context, clerk }) => context.route(clerk.providerProps.__internal_clerkJSUrl, () => {}),
  },
  {
    how: 'is refused by its own server',
    arrange: ({ clerk }) => clerk.addFault({ path: '/v1/client', status: 403 }),
  },
]

describe.runIf(findChromium())('clerk-js that does not load', () => {
  const openWorld = useBrowser()

  it.each(failures)('fails with a reason and tells onError, because it $how', async ({ arrange }) => {
    const world = await openWorld({ page: { client: { clerkTimeout } } })
    await arrange(world)
    const tab = await world.openTab()
    await tab.fails('clerk-unavailable')
    await tab.shows('failed')
    expect(await tab.page.evaluate(() => window.errors)).toContain('clerk-unavailable')
    expect(await tab.page.evaluate(() => window.authClient.error)).toMatchObject({ retryable: true })
    expect(tab.shown()).not.toContain('unauthenticated')
    expect(world.posts()).toEqual([])
  })

  it.each([
    { who: 'nobody', isSignedIn: false, status: 'unauthenticated' as const },
    { who: 'somebody', isSignedIn: true, status: 'authenticated' as const },
  ])('heals when Clerk loads late and says that $who is signed in', async ({ isSignedIn, status }) => {
    const world = await openWorld({ page: { client: { clerkTimeout } } })
    if (isSignedIn) await world.signInAtClerk()
    let letClerkCome = () => {}
    await world.context.route(world.clerk.providerProps.__internal_clerkJSUrl, (route) => {
      letClerkCome = () => void route.continue()
    })
    const tab = await world.openTab()
    await tab.fails('clerk-unavailable')

    letClerkCome()
    await tab.shows(status)
    await expect.poll(() => tab.page.evaluate(() => window.authClient.error)).toBe(null)
  })
})
