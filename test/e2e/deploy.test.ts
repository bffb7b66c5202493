import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { useBrowser } from './use-browser.ts'
import { passTimeUntil } from './virtual-time.ts'

const draft = 'three paragraphs of a comment'

describe.runIf(findChromium())('a deployment of a server without a shared store', () => {
  const openWorld = useBrowser()

  it.each(['planned', 'crash'] as const)('keeps the form below Authenticated as it is after a %s stop', async (how) => {
    // Without authorizedParties no token of a cookie counts, as with an API on another host. So the first view of the
    // new server names nobody.
    const world = await openWorld({ hasVirtualTime: true, auth: { claims: { authorizedParties: undefined } } })
    const tab = await world.openSignedInTab()
    await tab.page.fill('#draft', draft)
    const { channel } = await tab.view()
    const since = tab.log.length

    await world.app.restart(how)
    // A tab whose post takes 2 s does without a stream for up to 90 s more.
    await passTimeUntil(world, 120, async () => {
      expect(world.app.auth.stats()).toEqual({ sessions: 1, signedIn: 1, streams: 1 })
      expect(await tab.view()).toMatchObject({ isSignedIn: true, userId: 'user_ada' })
      expect((await tab.view()).channel).not.toBe(channel)
      expect(tab.connections(since).at(-1)).toBe('live')
    })
    expect(tab.log.slice(since).filter(({ kind }) => kind === 'shown' || kind === 'hidden')).toEqual([])
    expect(await tab.page.inputValue('#draft')).toBe(draft)
    expect(tab.connections(since)).toContain('lost')
    expect(tab.views(since).every((view) => view.isSignedIn)).toBe(true)
    expect(world.documents()).toBe(1)
  })
})
