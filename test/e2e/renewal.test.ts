import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { postToken } from './post-token.ts'
import { useBrowser } from './use-browser.ts'
import { passTime, passTimeUntil } from './virtual-time.ts'

describe.runIf(findChromium())('renewing the token', () => {
  const openWorld = useBrowser()

  it('keeps isSignedIn true throughout, in good time before each expiry', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const signedIn = tab.log.length
    const posted = world.posts().length

    await passTime(world, 150)
    const views = tab.views(signedIn)
    expect(views.length).toBeGreaterThanOrEqual(3)
    for (const view of views) expect(view).toMatchObject({ isSignedIn: true, state: 'signedIn', error: null })
    expect(tab.log.slice(signedIn).filter((entry) => entry.kind !== 'view')).toEqual([])
    for (const { expiresAt, now } of views) expect(expiresAt! - now).toBeGreaterThan(10_000)
    // There is one post for each token of 60 s, of which about the last 15 s are spare.
    expect(world.posts().length - posted).toBeLessThanOrEqual(4)
    expect(world.streams()).toHaveLength(1)
  })

  it('accepts the first token after a key rotation at once', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const { expiresAt } = await tab.view()
    const signedIn = tab.log.length

    await world.clerk.rotateKeys({ keepOld: false })
    await passTimeUntil(world, 50, async () => expect((await tab.view()).expiresAt).toBeGreaterThan(expiresAt!))
    expect(tab.views(signedIn).every((view) => view.isSignedIn && view.error === null)).toBe(true)
  })

  it('accepts that token within the cooldown of a fetch for another key, and signs nobody out', async () => {
    const world = await openWorld({ hasVirtualTime: true })
    const tab = await world.openSignedInTab()
    const { expiresAt } = await tab.view()
    const signedIn = tab.log.length

    await passTime(world, 38)
    const session = world.clerk.createSession('user_ada')
    const hostile = world.clerk.mintToken({ session, azp: world.app.url, header: { kid: 'ins_nobody' } })
    expect(await postToken(world, hostile)).toMatchObject({ status: 401, code: 'key-not-found' })
    await world.clerk.rotateKeys({ keepOld: false })

    await passTimeUntil(world, 12, () => expect(world.posts().some(({ status }) => status === 503)).toBe(true))
    await passTimeUntil(world, 12, async () => expect((await tab.view()).expiresAt).toBeGreaterThan(expiresAt!))
    expect(tab.views(signedIn).every((view) => view.isSignedIn)).toBe(true)
    expect(tab.log.slice(signedIn).filter((entry) => entry.kind !== 'view')).toEqual([])
  })
})
