import { describe, expect, it } from 'vitest'
import { findChromium } from './browser.ts'
import { toCachingWorker } from './caching-worker.ts'
import type { Hostility } from './hostile-proxy.ts'
import { noteSeconds, openNetworkPage, type NetworkPage, type NetworkPageOptions } from './network-page.ts'
import { suspendPages } from './suspend.ts'
import { useBrowser } from './use-browser.ts'
import { passServerTime } from './virtual-time.ts'

/** The seconds within which the page must show the right view. */
const limit = 5

/** A network that turns bad for some seconds and recovers. */
interface Outage {
  readonly name: string
  readonly seconds: number
  spoil(page: NetworkPage): unknown
  mend(page: NetworkPage): unknown
}

const goesOffline = (seconds: number): Outage => ({
  name: 'offline',
  seconds,
  async spoil({ devtools, proxy }) {
    await emulate(devtools, true)
    // The emulation does not cut open connections, but a network that is gone does.
    proxy.become('badGateway')
    proxy.become('none')
  },
  mend: ({ devtools }) => emulate(devtools, false),
})
const turns = (name: string, seconds: number, hostility: Hostility): Outage => ({
  name,
  seconds,
  spoil: ({ proxy }) => proxy.become(hostility),
  mend: ({ proxy }) => proxy.become('none'),
})
const emulate = (devtools: NetworkPage['devtools'], offline: boolean) =>
  devtools.send('Network.emulateNetworkConditions', {
    offline,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  })

const outages: Outage[] = [
  goesOffline(20),
  goesOffline(100),
  turns('a captive portal', 10, 'portal'),
  turns('a captive portal', 60, 'portal'),
  turns('502', 20, 'badGateway'),
  turns('502', 60, 'badGateway'),
  turns('a dead connection', 20, 'blackhole'),
  turns('a dead connection', 60, 'blackhole'),
]

/** Networks that a page is on all the time. */
const habitats: [name: string, options: NetworkPageOptions][] = [
  ['a proxy that cuts what is idle for 10 s', { hostility: { idleCut: 10 } }],
  ['a proxy that cuts what is idle for 30 s', { hostility: { idleCut: 30 } }],
  ['a proxy that cuts what is idle for 60 s', { hostility: { idleCut: 60 } }],
  ['a proxy that buffers for good', { hostility: 'buffering' }],
  // This is Slow 3G of the tools of Chromium, whose own emulation counts real seconds.
  ['slow 3G, 2 s for a round trip', { hostility: { latency: 1 } }],
  ['an ad blocker that drops the stream', { prepare: (devtools) => block(devtools, ['*/auth/events*tab=*']) }],
  ['a clock that is an hour slow', { clockError: -3_600_000 }],
  ['a clock that is an hour fast', { clockError: 3_600_000 }],
]
async function block(devtools: NetworkPage['devtools'], urls: string[]) {
  await devtools.send('Network.enable')
  await devtools.send('Network.setBlockedURLs', { urls })
}

describe.runIf(findChromium())('a bad network', () => {
  const openWorld = useBrowser()

  it.each(outages)('shows the right view 5 s after $name for $seconds s, and stays signed in', async (outage) => {
    const page = await openNetworkPage(openWorld)
    const since = page.tab.log.length
    await outage.spoil(page)
    await page.pass(outage.seconds - 1)
    await page.changeView()
    await outage.mend(page)
    const seconds = await page.secondsUntilRight()
    noteSeconds(`${outage.name} for ${outage.seconds} s`, seconds, page.tab.connections(since))
    expect(seconds).toBeLessThanOrEqual(limit)
    await page.pass(60)
    expect(page.shown()).toEqual([])
    expect((await page.tab.view()).isSignedIn).toBe(true)
    expect(page.tab.connections().at(-1)).toBe('live')
  })

  it.each(['portal', 'badGateway', 'blackhole'] as const)(
    'shows a sign-out during the outage 5 s after it: %s',
    async (how) => {
      const page = await openNetworkPage(openWorld)
      const { world, tab, proxy } = page
      const { sessionId } = await tab.view()
      proxy.become(how)
      await page.pass(40)
      await world.app.auth.revoke({ sessionId: sessionId! })
      expect((await tab.view()).isSignedIn).toBe(true)
      proxy.become('none')
      await page.pass(limit)
      expect((await tab.view()).isSignedIn).toBe(false)
      await tab.fails('session-revoked')
    },
  )

  it.each(habitats)('shows every change within 5 s and stays signed in: %s', async (name, options) => {
    const page = await openNetworkPage(openWorld, options)
    const all: number[] = []
    for (const pause of [3, 12, 33, 61, 95]) {
      await page.pass(pause)
      await page.changeView()
      all.push(await page.secondsUntilRight())
    }
    noteSeconds(name, Math.max(...all), page.tab.connections())
    expect(Math.max(...all)).toBeLessThanOrEqual(limit)
    expect(page.shown()).toEqual([])
    expect(page.tab.connections()).not.toContain('lost')
  })

  it.each<[nap: number, event: string, tell: (page: NetworkPage) => unknown]>([
    [25, 'without any event', () => {}],
    [100, 'without any event', () => {}],
    // Headless Chromium does not freeze a page when asked to, so the test stops its processes and sends the events of
    // Chromium.
    [10, 'told that it was frozen', ({ tab }) => tab.page.evaluate(() => document.dispatchEvent(new Event('resume')))],
  ])('shows the right view 5 s after %i s of sleep, in which the connection dies: %s', async (nap, event, tell) => {
    const page = await openNetworkPage(openWorld)
    const { world, tab, proxy } = page
    const since = tab.log.length
    const wake = await suspendPages(world.context.browser()!)
    try {
      proxy.become('blackhole')
      await passServerTime(nap - 1)
      await page.changeView()
      proxy.become('none')
      const jump = world.context.clock.setSystemTime(Date.now())
      wake()
      await jump
    } finally {
      wake()
    }
    await tell(page)
    const seconds = await page.secondsUntilRight()
    noteSeconds(`${nap} s of sleep, ${event}`, seconds, tab.connections(since))
    expect(seconds).toBeLessThanOrEqual(limit)
    await page.pass(30)
    expect(page.shown()).toEqual([])
  })

  it('shows every change at once and stays signed in while timers run once a minute', async () => {
    const page = await openNetworkPage(openWorld)
    const { world, tab } = page
    const since = tab.log.length
    let most = 0
    for (let minute = 0; minute < 6; minute += 1) {
      await passServerTime(30)
      await page.changeView()
      const start = Date.now()
      await expect.poll(async () => (await tab.view()).expiresAt! - Date.now()).toBeGreaterThan(55_000)
      most = Math.max(most, (Date.now() - start) / 1_000)
      await passServerTime(29)
      // The system clock has moved on all the time.
      await world.context.clock.setSystemTime(Date.now() - 60_000)
      await world.context.clock.fastForward(60_000)
    }
    noteSeconds('timers that run once a minute', most, tab.connections(since))
    expect(most).toBeLessThanOrEqual(limit)
    expect(page.shown()).toEqual([])
  })
})

describe.runIf(findChromium())('a service worker that answers from its cache', () => {
  const openWorld = useBrowser()

  /** Opens a page whose service worker has stored a stream, and also the view if told so. */
  async function openWorkerPage(keepsView: boolean, keeps: Parameters<typeof toCachingWorker>[0] = 'all headers') {
    const page = await openNetworkPage(openWorld)
    const { tab, proxy, world } = page
    proxy.serve('/worker.js', toCachingWorker(keeps))
    await tab.page.evaluate(async () => {
      await navigator.serviceWorker.register('/worker.js')
      while (!navigator.serviceWorker.controller) {
        await new Promise<void>((resolve) => {
          navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true })
        })
      }
    })
    const streams = world.streams().length
    await tab.page.evaluate(() => window.dispatchEvent(new Event('online')))
    await expect.poll(() => world.streams().length).toBe(streams + 1)
    if (keepsView) await tab.page.evaluate(async () => (await fetch('/auth/session')).text())
    const isKept = (path: string) =>
      tab.page.evaluate(async (path) => Boolean(await caches.match(path, { ignoreSearch: true })), path)
    await expect.poll(() => isKept('/auth/events')).toBe(true)
    await expect.poll(() => isKept('/auth/session')).toBe(keepsView)
    const answerFromCache = (does: boolean) =>
      tab.page.evaluate(
        (does) =>
          new Promise((resolve) => {
            const { port1, port2 } = new MessageChannel()
            port1.addEventListener('message', resolve)
            port1.start()
            navigator.serviceWorker.controller!.postMessage(does, [port2])
          }),
        does,
      )
    /** Breaks the stream, so that the page opens another one. */
    const cut = () => {
      proxy.become('badGateway')
      proxy.become('none')
    }
    return { ...page, answerFromCache, cut }
  }

  it('shows every change within 5 s by polling when the worker answers for the stream', async () => {
    const page = await openWorkerPage(false)
    const { tab } = page
    await page.answerFromCache(true)
    page.cut()
    const all: number[] = []
    for (const pause of [10, 60, 60]) {
      await page.pass(pause)
      await page.changeView()
      all.push(await page.secondsUntilRight())
    }
    noteSeconds('a service worker that keeps the stream', Math.max(...all), tab.connections())
    expect(Math.max(...all)).toBeLessThanOrEqual(limit)
    expect(page.shown()).toEqual([])
    expect(await tab.page.evaluate(() => window.errors)).toContain('answer-cached')
  })

  it.each(['all headers', 'the content type'] as const)(
    'shows nothing past its end when the worker answers everything with %s, and is right 5 s after it stops',
    async (keeps) => {
      const page = await openWorkerPage(true, keeps)
      const { world, tab } = page
      const { expiresAt } = await tab.view()
      await page.answerFromCache(true)
      page.cut()
      await page.pass(Math.ceil((expiresAt! - Date.now()) / 1_000) + 55)
      expect((await tab.view()).isSignedIn).toBe(true)
      await page.pass(10)
      expect((await tab.view()).isSignedIn).toBe(false)
      await tab.fails('answer-cached')
      expect(page.shown()).not.toContain('unauthenticated')
      await page.answerFromCache(false)
      await page.pass(limit)
      expect((await tab.view()).isSignedIn).toBe(true)
      await tab.shows('authenticated')
      expect(world.posts().filter(({ request }) => request.includes('session.cleared'))).toEqual([])
    },
  )

  it('shows no old view as signed in after a reload when the worker answers everything with the content type alone', async () => {
    const page = await openWorkerPage(true, 'the content type')
    const { world, tab } = page
    const { expiresAt } = await tab.view()
    await page.answerFromCache(true)
    await tab.page.goto('about:blank')
    await passServerTime(Math.ceil((expiresAt! - Date.now()) / 1_000) + 70)
    await world.context.clock.setSystemTime(Date.now())
    const since = tab.log.length
    await tab.page.goto(page.proxy.url, { waitUntil: 'domcontentloaded' })
    await tab.clerkSays('signedIn')
    await page.pass(limit)
    // The answer to the post comes from the server itself.
    await tab.shows('authenticated')
    expect((await tab.view()).expiresAt).toBeGreaterThan(Date.now())
    const ends = tab.views(since).flatMap((view) => (view.isSignedIn ? [view.expiresAt!] : []))
    expect(Math.min(...ends)).toBeGreaterThan(Date.now() - 60_000)
    expect(tab.shown(since)).not.toContain('unauthenticated')
  })
})

describe.runIf(findChromium())('a page in the back/forward cache', () => {
  const openWorld = useBrowser(undefined, { hasPageCache: true })

  it('is right 5 s after it comes back, though its connection died meanwhile', async () => {
    const page = await openNetworkPage(openWorld)
    const { tab, proxy } = page
    const since = tab.log.length
    await tab.page.evaluate(() => Object.assign(window, { isFirst: true }))
    await tab.page.goto(`${proxy.url}/main.js`)
    proxy.become('blackhole')
    await passServerTime(40)
    await page.changeView()
    proxy.become('none')
    await tab.page.evaluate(() => history.back())
    await expect.poll(() => tab.page.evaluate(() => 'isFirst' in window)).toBe(true)
    const seconds = await page.secondsUntilRight()
    noteSeconds('back from the back/forward cache', seconds, tab.connections(since))
    expect(seconds).toBeLessThanOrEqual(limit)
    await page.pass(30)
    expect(page.shown()).toEqual([])
  })
})
