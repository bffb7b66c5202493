import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import type { Tab } from './tab.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'
import { signIn, type World } from './world.ts'

/**
 * Checks that the page stays failed. Clerk's sign-in page sends a signed-in user away at once, so beside a refusal it
 * would reload the page every 0.4 s.
 */
async function staysFailed(world: World, tab: Tab, code: string): Promise<void> {
  await tab.fails(code)
  await tab.shows('failed')
  const since = tab.log.length
  const loaded = world.documents()
  await passTime(world, 6)
  expect(world.documents()).toBe(loaded)
  expect(tab.shown(since)).not.toContain('unauthenticated')
  await tab.fails(code)
  await tab.shows('failed')
}

describe.runIf(findChromium())('a server that refuses for good who is signed in at Clerk', () => {
  const openWorld = useBrowser()

  it('makes the page name authorizedParties as the reason, and load once', async () => {
    const authorizedParties = ['http://localhost:1']
    const world = await openWorld({ hasVirtualTime: true, auth: { claims: { authorizedParties } } })
    await world.signInAtClerk()
    const tab = await world.openTab()
    await staysFailed(world, tab, 'token-claims')
    expect(await tab.page.textContent('#error')).toContain('azp')
    expect(tab.shown()).not.toContain('unauthenticated')
    expect(world.documents()).toBe(1)
  })

  it('offers a sign-out at Clerk after a revocation, after which the same user signs in again', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const { sessionId } = await tab.view()
    const since = tab.log.length

    await world.app.auth.revoke({ sessionId: sessionId! })
    await staysFailed(world, tab, 'session-revoked')
    expect(tab.shown(since)).not.toContain('unauthenticated')

    await tab.page.click('#error button:has-text("Sign out")')
    await tab.shows('unauthenticated')
    await signIn(tab)
    await tab.shows('authenticated')
    expect(await tab.view()).toMatchObject({ isSignedIn: true, userId: 'user_ada', error: null })
  })
})
