import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { postToken } from './post-token.ts'
import { useBrowser } from './use-browser.ts'
import { signOut } from './world.ts'

describe.runIf(findChromium())('signing out', () => {
  const openWorld = useBrowser()

  it('ends the server session, and has the old token refused from any client', async () => {
    const world = await openWorld()
    const tab = await world.openSignedInTab()
    const token = await tab.token()
    expect(await postToken(world, token)).toMatchObject({ status: 200, isSignedIn: true })

    await signOut(tab)
    await tab.shows('unauthenticated')
    await tab.serverSays({ state: 'signedOut' })

    const refusal = { status: 401, code: 'token-superseded', retryable: true }
    expect(await postToken(world, token)).toMatchObject({ ...refusal, cookie: null })
    const fromPage = await tab.page.evaluate(async (token) => {
      const body = JSON.stringify({ type: 'token.received', token })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch('/auth/events', { method: 'POST', headers, body })
      return { status: response.status, ...(await response.json()) } as Record<string, unknown>
    }, token)
    expect(fromPage).toMatchObject(refusal)
    expect(await tab.view()).toMatchObject({ state: 'signedOut', isSignedIn: false, userId: null, claims: null })
  })

  it('shows in a second tab', async () => {
    const world = await openWorld()
    await world.signInAtClerk()
    const [first, second] = [await world.openTab(), await world.openTab()]
    await Promise.all([first.shows('authenticated'), second.shows('authenticated')])
    await signOut(first)
    await Promise.all([first.shows('unauthenticated'), second.shows('unauthenticated')])
    await second.serverSays({ state: 'signedOut' })
    const [a, b] = [await first.view(), await second.view()]
    expect({ ...a, now: 0 }).toEqual({ ...b, now: 0 })
  })

  it('lets the same person sign in again', async () => {
    const world = await openWorld()
    const tab = await world.openSignedInTab()
    await signOut(tab)
    await tab.shows('unauthenticated')
    await world.signInAtClerk()
    await tab.page.reload()
    await tab.shows('authenticated')
    expect(await tab.view()).toMatchObject({ isSignedIn: true, error: null })
  })
})
