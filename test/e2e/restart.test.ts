import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import { passTimeUntil } from './virtual-time.ts'

describe.runIf(findChromium())('a server that restarts without any stored state', () => {
  const openWorld = useBrowser()

  it.each(['planned', 'crash'] as const)('has every tab back on one session by itself after a %s stop', async (how) => {
    const world = await openWorld({ hasVirtualTime: true })
    await world.signInAtClerk()
    const tabs = await Promise.all([1, 2, 3].map(() => world.openTab()))
    await Promise.all(tabs.map((tab) => tab.shows('authenticated')))
    await expect.poll(() => world.app.auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
    const [before] = await Promise.all(tabs.map((tab) => tab.view()))
    const since = tabs.map((tab) => tab.log.length)

    await world.app.restart(how)
    await passTimeUntil(world, 60, async () => {
      expect(world.app.auth.stats()).toMatchObject({ streams: 1 })
      const views = await Promise.all(tabs.map((tab) => tab.view()))
      expect(new Set(views.map(({ channel, isSignedIn }) => `${channel} ${isSignedIn}`)).size).toBe(1)
      expect(views[0]).toMatchObject({ isSignedIn: true, userId: 'user_ada' })
      expect(views[0]?.channel).not.toBe(before?.channel)
    })
    await Promise.all(tabs.map((tab) => tab.shows('authenticated')))
    for (const [index, tab] of tabs.entries()) {
      expect(tab.shown(since[index])).not.toContain('unauthenticated')
      expect(tab.shown(since[index])).not.toContain('failed')
    }
  })
})
