import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { bundlePage } from './page/bundle-page.ts'
import { useBrowser } from './use-browser.ts'
import { signIn, signOut } from './world.ts'

describe.runIf(findChromium())('a Vue app with @clerk/vue', () => {
  const openWorld = useBrowser(() => bundlePage(new URL('page/vue-page.ts', import.meta.url)))

  it('signs in and out when the server says so', async () => {
    const world = await openWorld()
    const tab = await world.openTab()
    const shown = () => tab.page.textContent('#shown')
    await tab.page.waitForSelector('input[name=identifier]')
    expect(await shown()).toBe('unauthenticated')

    await signIn(tab)
    await expect.poll(shown).toBe('authenticated user_ada')
    expect(world.app.auth.stats()).toMatchObject({ sessions: 1, signedIn: 1 })

    await signOut(tab)
    await expect.poll(shown).toBe('unauthenticated')
    expect(world.app.auth.stats().signedIn).toBe(0)
    expect(world.console.filter((line) => line.startsWith('unhandled'))).toEqual([])
  })
})
