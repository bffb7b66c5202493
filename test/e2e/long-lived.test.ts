import { createAuthServer } from 'authchart/h3'
import { createClerkEmulator } from 'authchart/testing'
import { H3, html, raw, toNodeHandler } from 'h3'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findChromium, launchBrowser } from './browser.ts'
import { startLateServer } from './late-server.ts'
import { countTimers, keepPerformance, measurePage, type PageCost } from './page-cost.ts'
import { bundlePage } from './page/bundle-page.ts'
import type { LongPageSettings } from './page/page-contract.ts'
import { useVirtualTime } from './virtual-time.ts'
import { createWorld, user } from './world.ts'

const builds = ['production', 'development'] as const
type Build = (typeof builds)[number]
const hour = 3_600_000
/** The time between two measurements. */
const interval = hour / 2
/**
 * The longest step in which time passes, in ms. A client gives a stream up that was silent for 2.5 ping intervals.
 */
const longestStep = { ofClient: 60_000, ofPage: 15_000 }
/** How long before its expiry a token is renewed, in ms. */
const renewalLead = 15_000

describe.runIf(findChromium())('a tab that lives for 8 hours', () => {
  let browser: Browser
  const scripts = new Map<Build, string>()
  beforeAll(async () => {
    const bundle = async (build: Build) =>
      scripts.set(build, await bundlePage(new URL('page/long-page.tsx', import.meta.url), [], build))
    // The heap would otherwise include the machine code that V8 generates, which grows for hours.
    ;[browser] = await Promise.all([launchBrowser({ args: ['--js-flags=--jitless'] }), ...builds.map(bundle)])
  })
  afterAll(() => browser?.close())

  async function openPage(build: Build, isReact: boolean) {
    useVirtualTime()
    const clerk = await createClerkEmulator({ users: [user] })
    const server = await startLateServer()
    const origin = server.url
    const auth = createAuthServer({
      clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
      claims: { authorizedParties: [origin] },
      logger: {},
    })
    const context = await browser.newContext()
    onTestFinished(async () => {
      await context.close()
      await auth.close({ timeout: 0 })
      await server.close()
      await clerk.close()
    })
    const session = clerk.createSession(user.id)
    const settings: LongPageSettings = { userId: session.userId, sessionId: session.id, isReact }
    const app = new H3()
    app.register(auth.plugin)
    app.get('/token', () => clerk.mintToken({ session, azp: origin }))
    app.get('/main.js', (event) => {
      event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
      return scripts.get(build)
    })
    app.get('/', () =>
      html(
        raw(
          `<link rel="icon" href="data:,"><body><script>window.longSettings = ${JSON.stringify(settings)}</script><script type="module" src="/main.js"></script>`,
        ),
      ),
    )
    server.handler = toNodeHandler(app)
    await context.addInitScript(keepPerformance)
    await context.clock.install({ time: Date.now() })
    await context.addInitScript(countTimers)
    const page = await context.newPage()
    await page.goto(origin)
    await page.waitForFunction(() => window.authClient?.view.isSignedIn)
    return page
  }

  /**
   * Waits until no request is on its way.
   *
   * @returns the expiry of the proof of the sign-in, epoch ms
   */
  const rest = async (page: Page) => {
    const look = () =>
      page.evaluate(() => {
        const { stream, session } = window.authClient.actor.getSnapshot().value
        return stream === 'open' && session === 'confirmed' ? window.authClient.view.expiresAt : null
      })
    return vi.waitUntil(look, { timeout: 10_000, interval: 2 })
  }

  /** Lets time pass from renewal to renewal, because a post must not seem to stall. */
  async function pass(page: Page, milliseconds: number, longest: number) {
    const end = Date.now() + milliseconds
    while (Date.now() < end) {
      const due = (await rest(page)) - renewalLead - Date.now()
      // The page's clock moves first: a ping with a later server time would make it renew too early. The renewal
      // itself falls into a step so small that both clocks show the same time.
      const step = Math.min(due > 100 ? due - 50 : 100, longest)
      await page.context().clock.runFor(step)
      await vi.advanceTimersByTimeAsync(step)
    }
    await rest(page)
  }

  /**
   * Measures a tab every half an hour.
   *
   * @returns the cost of each measurement, with the number of renewals until then
   */
  async function live(page: Page, hours: number, longest: number, countRenewals: () => number | Promise<number>) {
    const cdp = await page.context().newCDPSession(page)
    const costs: (PageCost & { renewals: number })[] = []
    // In these first hours the timeline fills up with as many resources as it may keep, and caches fill.
    await pass(page, 2 * hour, longest)
    for (let at = 2 * hour; at <= hours * hour; at += interval) {
      costs.push({ renewals: await countRenewals(), ...(await measurePage(page, cdp)) })
      if (at < hours * hour) await pass(page, interval, longest)
    }
    return costs
  }

  /**
   * Returns the median of the slopes between all measurements, so that garbage in transit and a single growth do not
   * count.
   */
  function toSlope(costs: readonly (PageCost & { renewals: number })[]): number {
    const slopes = costs.flatMap((b, index) =>
      costs.slice(0, index).map((a) => (b.heap - a.heap) / (b.renewals - a.renewals)),
    )
    return slopes.toSorted((a, b) => a - b)[slopes.length >> 1] ?? NaN
  }

  function expectFlat(costs: readonly (PageCost & { renewals: number })[]) {
    const slope = toSlope(costs)
    const heaps = costs.map(({ heap }) => Math.round(heap / 1_000)).join(', ')
    console.log(`${slope.toFixed(1)} bytes stay behind each of ${costs.at(-1)?.renewals} renewals; KB: ${heaps}`)
    expect(slope).toBeLessThan(100)
    const half = costs.length >> 1
    for (const name of ['listeners', 'nodes', 'timers', 'locks'] as const) {
      const least = (some: typeof costs) => Math.min(...some.map((cost) => cost[name]))
      expect(least(costs.slice(half)), name).toBe(least(costs.slice(0, half)))
    }
  }

  it.each([
    { build: 'production', isReact: false },
    { build: 'development', isReact: true },
  ] as const)(
    'costs after 600 renewals what it cost after 150: $build build, React $isReact',
    async ({ build, isReact }) => {
      const page = await openPage(build, isReact)
      const costs = await live(page, 8, longestStep.ofClient, () => page.evaluate(() => window.renewals))
      expect(costs.at(-1)?.renewals).toBeGreaterThanOrEqual(600)
      expectFlat(costs)
    },
    200_000,
  )

  it('costs after 400 renewals what it cost after 150, with clerk-js', async () => {
    const world = await createWorld(browser, await bundlePage(), {
      hasVirtualTime: true,
      prepare: async (context) => {
        await context.addInitScript(keepPerformance)
        // The client spreads its renewals at random, which would blur the measurement.
        await context.addInitScript(() => Object.assign(Math, { random: () => 0.5 }))
      },
    })
    await world.context.addInitScript(countTimers)
    const { page } = await world.openSignedInTab()
    const costs = await live(page, 5, longestStep.ofPage, () => world.posts().length)
    expect(costs.at(-1)?.renewals).toBeGreaterThanOrEqual(395)
    expectFlat(costs)
  }, 200_000)
})
