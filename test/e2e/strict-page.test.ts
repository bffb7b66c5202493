import { createAuthServer } from 'authchart/h3'
import { createClerkEmulator } from 'authchart/testing'
import { H3, handleCors, html, raw, toNodeHandler } from 'h3'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from './browser.ts'
import { startLateServer } from './late-server.ts'
import { bundlePage } from './page/bundle-page.ts'
import { useBrowser } from './use-browser.ts'
import { signIn, signOut, user } from './world.ts'

/** A policy that allows only what is needed: nothing inline, no `eval`, and no text that becomes a script. */
const strict = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

describe.runIf(findChromium())('a page with a strict Content-Security-Policy', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([
      launchBrowser(),
      bundlePage(new URL('page/strict-page.tsx', import.meta.url)),
    ])
  })
  afterAll(() => browser?.close())

  async function listen() {
    const server = await startLateServer()
    onTestFinished(() => server.close())
    return server
  }

  /**
   * Opens the page with a policy.
   *
   * @param toPolicy makes the policy from the origin of the API, which is the page's own unless `isApart`
   */
  async function openPage(toPolicy: (api: string) => string, { isApart = false } = {}) {
    const clerk = await createClerkEmulator({ users: [user] })
    onTestFinished(() => clerk.close())
    const session = clerk.createSession(user.id)
    const front = await listen()
    const back = isApart ? await listen() : front
    const { secretKey, publishableKey, apiUrl } = clerk
    const auth = createAuthServer({
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: [front.url] },
      logger: {},
      ...(isApart && { allowedOrigins: [front.url] }),
    })
    onTestFinished(() => auth.close({ timeout: 0 }))

    const api = new H3().register(auth.plugin)
    api.get('/token', (event) => {
      handleCors(event, { origin: [front.url] })
      return clerk.mintToken({ session, azp: front.url })
    })
    const site = isApart ? new H3() : api
    site.get('/main.js', (event) => {
      event.res.headers.set('content-type', 'text/javascript; charset=utf-8')
      return script
    })
    site.get('/', (event) => {
      event.res.headers.set('content-security-policy', toPolicy(back.url))
      const elsewhere = isApart ? ` data-api="${back.url}"` : ''
      return html(
        raw(`<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>App</title>
<div id="root" data-user="${user.id}" data-session="${session.id}"${elsewhere}></div>
<script type="module" src="/main.js"></script></html>`),
      )
    })
    back.handler = toNodeHandler(api)
    front.handler = toNodeHandler(site)

    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (/Content.Security.Policy|Trusted/i.test(message.text())) complaints.push(message.text())
    })
    await page.goto(front.url)
    return {
      page,
      auth,
      complaints,
      violations: () => page.evaluate(() => (window as unknown as { violations: string[] }).violations),
      shows: (status: string) => page.waitForSelector(`[data-shown="${status}"]`, { state: 'attached' }),
    }
  }

  it("signs in and follows the server without a violation: connect-src 'self'", async () => {
    const { page, auth, complaints, violations, shows } = await openPage(
      () => `${strict}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    await shows('authenticated')
    await page.waitForSelector('#facts[data-connection="live"]')
    await page.waitForSelector('#checked:has-text("signedIn")', { state: 'attached' })
    await auth.revoke({ userId: user.id })
    await shows('failed')
    expect(await violations()).toEqual([])
    expect(complaints).toEqual([])
  })

  it('needs only the origin of the API in connect-src when the API is elsewhere', async () => {
    const { complaints, violations, shows } = await openPage((api) => `${strict}; connect-src ${api}; img-src data:`, {
      isApart: true,
    })
    await shows('authenticated')
    expect(await violations()).toEqual([])
    expect(complaints).toEqual([])
  })

  it('says that the API cannot be reached when the policy does not name it, and signs nobody out', async () => {
    const { page, violations, shows } = await openPage(() => `${strict}; connect-src 'self'; img-src data:`, {
      isApart: true,
    })
    await page.waitForSelector('#facts[data-code="network-failed"]')
    expect((await violations()).some((line) => line.startsWith('connect-src'))).toBe(true)
    await shows('loading')
  })
})

describe.runIf(findChromium())("a strict page with Clerk's components", () => {
  const openWorld = useBrowser()

  it('needs for Clerk what docs/environments.md lists, and violates nothing from sign-in to sign-out', async () => {
    const toPolicy = (clerk: string) =>
      `default-src 'none'; script-src 'self' 'nonce-settings' ${clerk}; connect-src 'self' ${clerk}; ` +
      "style-src 'unsafe-inline'; worker-src blob:"
    const world = await openWorld({ page: { hasRouter: true }, toPolicy })
    await world.context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        console.log(`violated ${violatedDirective} ${blockedURI}`)
      })
    })
    const tab = await world.openTab()
    await tab.shows('unauthenticated')
    await signIn(tab)
    await tab.shows('authenticated')
    await tab.page.waitForSelector('.cl-organizationSwitcherTrigger')
    await signOut(tab)
    await tab.shows('unauthenticated')
    expect(world.console.filter((line) => /violated|Content.Security.Policy|unhandled/i.test(line))).toEqual([])
  })
})
