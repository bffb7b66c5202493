import { PassThrough, Readable } from 'node:stream'
import { createAuthServer } from 'authchart/h3'
import { createClerkEmulator, type ClerkEmulator } from 'authchart/testing'
import { H3, html, raw, toNodeHandler } from 'h3'
import type { Browser, Page } from 'playwright-core'
import { renderToPipeableStream } from 'react-dom/server'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from './browser.ts'
import { startLateServer } from './late-server.ts'
import { bundlePage } from './page/bundle-page.ts'
import { HydratedDocument, Inside } from './page/hydrated-app.tsx'
import type { HydrationPageSettings } from './page/page-contract.ts'
import { user } from './world.ts'

const bob = { ...user, id: 'user_bob', email: 'bob@example.test' }
const builds = ['development', 'production'] as const
type Build = (typeof builds)[number]

/**
 * Records the nodes that the server rendered, and what the page shows from then on. It runs before anything hydrates.
 */
function watchPage() {
  window.serverNodes = Object.fromEntries(['main', 'b', 'u'].map((name) => [name, document.querySelector(name)]))
  window.shownTexts = [document.body.innerText]
  new MutationObserver(() => void window.shownTexts.push(document.body.innerText)).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  })
}

describe.runIf(findChromium())('a page that the server rendered', () => {
  let browser: Browser
  let clerk: ClerkEmulator
  const scripts = new Map<Build, string>()
  beforeAll(async () => {
    const bundle = async (build: Build) =>
      scripts.set(build, await bundlePage(new URL('page/hydration-page.tsx', import.meta.url), [], build))
    ;[browser, clerk] = await Promise.all([
      launchBrowser(),
      createClerkEmulator({ users: [user, bob] }),
      ...builds.map(bundle),
    ])
  })
  afterAll(async () => {
    await browser?.close()
    await clerk?.close()
  })

  interface PageOptions extends Pick<HydrationPageSettings, 'reads'> {
    readonly build: Build
    readonly hasInitialView: boolean
    readonly isOwned?: boolean
    /** The server renders the content of the boundary only later, when the test says so. */
    readonly isSlowServer?: boolean
  }

  /** Opens the page in a browser whose server session is signed in as Ada. */
  async function openPage({ build, reads, hasInitialView, isOwned = false, isSlowServer }: PageOptions) {
    const server = await startLateServer()
    const origin = server.url
    const auth = createAuthServer({
      clerk: { secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl },
      claims: { authorizedParties: [origin] },
      logger: {},
    })
    onTestFinished(async () => {
      await auth.close({ timeout: 0 })
      await server.close()
    })
    let serve = () => {}
    const served = new Promise<void>((resolve) => (serve = resolve))
    let isServed = !isSlowServer
    void served.then(() => (isServed = true))
    const SlowInside = () => {
      // oxlint-disable-next-line typescript/only-throw-error -- so a component suspends
      if (!isServed) throw served
      return <Inside />
    }
    const app = new H3()
    app.register(auth.plugin)
    app.get('/blank', () => html(raw('<link rel="icon" href="data:,">')))
    app.get('/main.js', (event) => {
      event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
      return scripts.get(build)
    })
    app.get('/page', async (event) => {
      const view = await auth.publicView(event)
      const settings: HydrationPageSettings = { reads, isOwned, ...(hasInitialView && { initialView: view }) }
      const inside = isOwned ? (
        <p>
          <u>{view.userId}</u>
          <em>data of {view.userId}</em>
        </p>
      ) : (
        <SlowInside />
      )
      const { pipe } = renderToPipeableStream(<HydratedDocument {...settings}>{inside}</HydratedDocument>, {
        // tsx wraps named functions in a helper that the page does not have.
        bootstrapScriptContent: `window.__name = (f) => f; window.hydrationSettings = ${JSON.stringify(settings)}; (${watchPage.toString()})()`,
        bootstrapModules: ['/main.js'],
      })
      const body = Readable.toWeb(pipe(new PassThrough())) as ReadableStream
      return new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    })
    server.handler = toNodeHandler(app)

    const context = await browser.newContext()
    onTestFinished(() => context.close())
    // The page's time goes on by itself, and a test can move it on.
    await context.clock.install()
    const page = await context.newPage()
    const errors: string[] = []
    page.on('console', (message) => {
      // The server puts a stream off that is requested while a new cookie is on its way.
      if (message.type() === 'error' && !message.text().includes('status of 503')) errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(String(error)))
    const post = (id: string) => {
      const token = clerk.mintToken({ session: clerk.createSession(id), azp: origin })
      return page.evaluate(async (token) => {
        const headers = { 'content-type': 'application/json' }
        const body = JSON.stringify({ type: 'token.received', token })
        return (await fetch('/auth/events', { method: 'POST', headers, body })).status
      }, token)
    }
    await page.goto(`${origin}/blank`)
    expect(await post(user.id)).toBe(200)
    await page.goto(`${origin}/page`, { waitUntil: 'commit' })
    await page.waitForFunction(() => window.authClient?.view.userId === 'user_ada')
    return { page, errors, post, serve }
  }

  /** Waits until the client of the page has a view of this user, and everything that can render has rendered. */
  const knows = async (page: Page, userId: string) => {
    await page.waitForFunction((userId) => window.authClient.view.userId === userId, userId)
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)))
  }
  const facts = (page: Page) =>
    page.evaluate(() => ({
      kept: Object.entries(window.serverNodes).flatMap(([name, node]) =>
        node !== null && node === document.querySelector(name) ? [name] : [],
      ),
      fallbacks: window.shownTexts.filter((text) => text.includes('fallback')).length,
      recovered: window.recovered,
      text: document.body.innerText.replaceAll(/\s+/g, ''),
    }))

  const ways = builds.flatMap((build) =>
    (['whole', 'part', 'memo'] as const).flatMap((reads) =>
      [true, false].map((hasInitialView) => ({ build, reads, hasInitialView })),
    ),
  )

  it.each(ways)(
    'keeps its nodes, and shows no fallback, when frames arrive while a boundary hydrates: by $reads, initialView $hasInitialView, $build',
    async (way) => {
      const { page, errors, post } = await openPage(way)
      await knows(page, 'user_ada')
      expect(await post(bob.id)).toBe(200)
      await knows(page, 'user_bob')
      const asRendered = way.hasInitialView ? 'user_adauser_adain' : 'nobodynobodyoutloading'
      expect(await facts(page)).toEqual({ kept: ['main', 'b', 'u'], fallbacks: 0, recovered: [], text: asRendered })

      // This is longer than content of another user may remain after hydration is complete.
      await page.clock.runFor(1_200)
      await knows(page, 'user_bob')
      await page.evaluate(() => window.release())
      await page.waitForFunction(() => document.querySelector('u')?.textContent === 'user_bob')
      expect(await facts(page)).toEqual({
        kept: ['main', 'b', 'u'],
        fallbacks: 0,
        recovered: [],
        text: 'user_bobuser_bobin',
      })
      expect(errors).toEqual([])
    },
  )

  it.each(ways.filter(({ build }) => build === 'production'))(
    'shows no fallback a second time when frames arrive while the server still streams a boundary: by $reads, initialView $hasInitialView',
    async (way) => {
      const { page, errors, post, serve } = await openPage({ ...way, isSlowServer: true })
      expect(await post(bob.id)).toBe(200)
      await knows(page, 'user_bob')
      serve()
      await page.waitForFunction(() => window.release)
      await page.evaluate(() => window.release())
      await page.waitForFunction(() => document.querySelector('u')?.textContent === 'user_bob')
      const { kept, recovered, text } = await facts(page)
      expect({ kept, recovered, text, errors }).toEqual({
        kept: ['main', 'b'],
        recovered: [],
        text: 'user_bobuser_bobin',
        errors: [],
      })
      // When something above a boundary changes, React renders a boundary that has not arrived yet in the browser.
      // The server's fallback remains until then and does not come back.
      const shown = await page.evaluate(() => window.shownTexts.map((text) => text.includes('fallback')))
      expect(shown.filter((each, index) => each !== shown[index - 1])).toEqual([true, false])
    },
  )

  it("shows the previous user's data for at most a second while the next user's data loads", async () => {
    const way = { build: 'production', reads: 'part', hasInitialView: true, isOwned: true } as const
    const { page, post } = await openPage(way)
    await knows(page, 'user_ada')
    expect((await facts(page)).text).toBe('user_adauser_adadataofuser_ada')
    expect(await post(bob.id)).toBe(200)
    await knows(page, 'user_bob')
    await page.waitForFunction(() => document.body.innerText.includes('fallback'))
    expect((await facts(page)).text).toBe('user_bobfallback')
    await page.evaluate(() => window.deliver())
    await page.waitForFunction(() => document.querySelector('em')?.textContent === 'data of user_bob')
  })
})
