import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { startHostileProxy } from './hostile-proxy.ts'
import { useBrowser } from './use-browser.ts'
import { passTimeUntil } from './virtual-time.ts'

describe.runIf(findChromium())('a proxy that holds event streams back', () => {
  const openWorld = useBrowser()

  it('makes the page poll, and the page goes back to the stream when one gets through', async () => {
    let target = ''
    const proxy = await startHostileProxy(() => target)
    proxy.become('buffering')
    const authorizedParties = [proxy.url]
    const world = await openWorld({ hasVirtualTime: true, auth: { claims: { authorizedParties } } })
    target = world.app.url
    await world.signInAtClerk()

    const tab = await world.openTab({ origin: proxy.url })
    // Time that passes while Clerk loads would not count for the stream.
    await tab.clerkSays('signedIn')
    await passTimeUntil(world, 6, () => expect(tab.shown()).toContain('authenticated'))
    await passTimeUntil(world, 6, () => expect(tab.connections().at(-1)).toBe('polling'))
    expect(tab.shown()).not.toContain('failed')

    const { sessionId } = await tab.view()
    await world.app.auth.revoke({ sessionId: sessionId! })
    await passTimeUntil(world, 10, () => expect(tab.shown().at(-1)).toBe('failed'))
    await tab.fails('session-revoked')
    expect(tab.connections()).not.toContain('live')

    proxy.become('none')
    await passTimeUntil(world, 120, () => expect(tab.connections().at(-1)).toBe('live'))
  })
})
