import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { bundlePage, bundlePageOfClerkReact5 } from './page/bundle-page.ts'
import { viewsOf } from './stream-frames.ts'
import { useBrowser } from './use-browser.ts'
import { signIn, type World } from './world.ts'

const bindings = [
  {
    name: '@clerk/react',
    version: '6.',
    bundle: bundlePage,
    urlOf: ({ clerk }: World) => clerk.providerProps.__internal_clerkJSUrl,
  },
  {
    name: '@clerk/clerk-react',
    version: '5.',
    bundle: bundlePageOfClerkReact5,
    urlOf: ({ clerk }: World) => clerk.clerkJSUrl,
  },
]

describe.runIf(findChromium()).each(bindings)('signing in with $name', ({ bundle, version, urlOf }) => {
  const openWorld = useBrowser(bundle)

  it('starts unchecked, and shows neither the app nor the sign-in page while Clerk loads', async () => {
    const world = await openWorld()
    let letClerkLoad = () => {}
    await world.context.route(urlOf(world), (route) => {
      letClerkLoad = () => void route.continue()
    })
    const tab = await world.openTab()
    await tab.serverSays({ state: 'unchecked' })
    await tab.page.waitForFunction(() => window.authClient.view.timedOut)
    expect(viewsOf(world.streams()[0]!)[0]).toMatchObject({ state: 'unchecked', authChecked: false, isSignedIn: false })
    expect(new Set(tab.shown())).toEqual(new Set(['loading']))
    expect(world.posts()).toEqual([])

    letClerkLoad()
    await tab.shows('unauthenticated')
    await tab.serverSays({ state: 'signedOut' })
    expect(new Set(tab.views().map(({ state }) => state))).toEqual(new Set(['unchecked', 'signedOut']))
  })

  it("shows the app after the server's frame, and not after Clerk's word or the answer to a post", async () => {
    const world = await openWorld({ page: { hasRouter: true } })
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    const [stream] = world.streams()
    const letFramesGo = world.app.tap.hold(({ method }) => method === 'GET')
    const letAnswersGo = world.app.tap.hold(({ method }) => method === 'POST')

    await signIn(tab)
    await tab.clerkSays('signedIn')
    await expect.poll(() => world.posts().at(-1)?.withheld).toContain('"isSignedIn":true')
    expect(world.app.auth.stats().signedIn).toBe(1)
    expect((await tab.view()).isSignedIn).toBe(false)
    expect(tab.shown()).not.toContain('authenticated')

    letFramesGo()
    await tab.shows('authenticated')
    await tab.serverSays({ state: 'signedIn', user: 'user_ada' })
    expect(world.posts().at(-1)).toMatchObject({ isOpen: true, answer: '' })

    letAnswersGo()
    await expect.poll(() => tab.syncState()).toBe('open confirmed')
    expect(world.posts().at(-1)?.status).toBe(200)
    expect(viewsOf(stream!).at(-1)).toMatchObject({ state: 'signedIn', userId: 'user_ada', error: null })
  })

  it('also signs in by full navigation, and is signed in again after a reload', async () => {
    const world = await openWorld()
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    await signIn(tab)
    await tab.shows('authenticated')
    await tab.page.waitForSelector('.cl-userButtonTrigger')
    expect(await tab.page.evaluate(() => window.Clerk?.version)).toContain(version)

    const reloaded = tab.log.length
    await tab.page.reload()
    await tab.shows('authenticated')
    await tab.serverSays({ state: 'signedIn', user: 'user_ada' })
    expect(tab.shown(reloaded)).not.toContain('unauthenticated')
    expect(world.app.auth.stats()).toMatchObject({ sessions: 1, streams: 1 })
    expect(world.console.filter((line) => line.startsWith('unhandled'))).toEqual([])
  })

  it('runs one actor with one stream under StrictMode', async () => {
    const world = await openWorld({ page: { hasRouter: true } })
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    // StrictMode hides and shows again what it mounts first, so this proves that it was active.
    expect(tab.log.filter((entry) => entry.kind === 'hidden').length).toBeGreaterThan(0)
    await signIn(tab)
    await tab.shows('authenticated')
    await expect.poll(() => tab.syncState()).toBe('open confirmed')
    expect(world.streams()).toHaveLength(1)
    expect(world.app.auth.stats()).toMatchObject({ sessions: 1, streams: 1 })
    const tabs = world.posts().map(({ request }) => (JSON.parse(request) as { tab: string }).tab)
    expect(new Set(tabs).size).toBe(1)
    expect(world.streams()[0]?.path).toContain(tabs[0])
  })
})
