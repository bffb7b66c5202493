import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'

describe.runIf(findChromium())('a browser that keeps no session cookie', () => {
  const openWorld = useBrowser()

  // To a browser 127.0.0.1 is another site than localhost: it sends no SameSite=Lax cookie there, which is the default.
  it('because the API is on another site: the page says so at once, and is quiet then', async () => {
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
