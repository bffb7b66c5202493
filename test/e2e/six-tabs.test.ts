import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import type { Tab } from './tab.ts'
import { useBrowser } from './use-browser.ts'
import { passTime } from './virtual-time.ts'

/** A browser opens six connections to one HTTP/1.1 host, so six streams leave none for a post. */
const connections = 6
/** The lifetime of a token, in seconds. */
const tokenTtl = 20
const clockTolerance = 5

describe.runIf(findChromium())(
  'as many tabs as a browser has connections for a host, each with a stream of its own',
  () => {
    const openWorld = useBrowser()

    it('stay signed in past the expiry of their token', async () => {
      const world = await openWorld({
        hasVirtualTime: true,
        tokenTtl,
        auth: { claims: { clockTolerance } },
        page: { client: { clockTolerance, shareStream: false } },
      })
      await world.signInAtClerk()
      const tabs: Tab[] = []
      for (let count = 0; count < connections; count += 1) {
        const tab = await world.openTab()
        await tab.shows('authenticated')
        tabs.push(tab)
      }
      const since = tabs.map((tab) => tab.log.length)
      await passTime(world, 2 * (tokenTtl + clockTolerance))
      await Promise.all(tabs.map((tab) => tab.shows('authenticated')))
      // At least one tab gave its stream up for a post, which proves that all connections were in use.
      expect(tabs.some((tab) => tab.connections().includes('polling'))).toBe(true)
      for (const [index, tab] of tabs.entries()) {
        expect(tab.log.slice(since[index]).filter(({ kind }) => kind === 'shown' || kind === 'hidden')).toEqual([])
        expect((await tab.view()).isSignedIn).toBe(true)
      }
    })
  },
)
