import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'

describe.runIf(findChromium())('a browser that keeps no session cookie', () => {
  const openWorld = useBrowser()

  // A browser treats 127.0.0.1 and localhost as two sites, so it does not send a SameSite=Lax cookie, the default,
  // there.
  it('says at once that the API is on another site, and then stays quiet', async () => {
    const world = await openWorld({ hasVirtualTime: true, page: { apiHost: '127.0.0.1' } })
    await world.signInAtClerk()
    const tab = await world.openTab()
    await tab.fails('cookie-missing')
    await tab.shows('failed')
    const since = tab.log.length

    await passTime(world, 60)
    await tab.fails('cookie-missing')
    expect(tab.log.slice(since).filter(({ kind }) => kind === 'shown' || kind === 'hidden')).toEqual([])
    expect(world.app.tap.exchanges.filter(({ path }) => path.startsWith('/auth/')).length).toBeLessThanOrEqual(12)
    expect(world.app.auth.stats().sessions).toBeLessThanOrEqual(1)
    expect(await tab.page.evaluate(() => window.errors)).toContain('cookie-missing')
  })
})
