import { toNodeHandler } from 'h3'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createPage } from '../../docs/examples/browser-without-react/page.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { startLateServer } from '../e2e/late-server.ts'
import { sendSignInForm } from '../e2e/sign-in-form.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { bundleExample } from './bundle.ts'

const user = { id: 'user_ada', email: 'ada@example.test', password: 'correct horse' }

describe.runIf(findChromium())('browser-without-react', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launchBrowser(), bundleExample('browser-without-react/main.ts')])
  })
  afterAll(() => browser?.close())

  /** @param prepare runs before the page is loaded */
  async function openPage(prepare?: (page: Page) => Promise<unknown>) {
    const clerk = await createClerkEmulator({ users: [user] })
    onTestFinished(() => clerk.close())
    const server = await startLateServer()
    onTestFinished(() => server.close())
    const { url } = server
    const { secretKey, publishableKey, apiUrl, frontendApiUrl: proxyUrl } = clerk
    const { __internal_clerkJSUrl: src, __internal_clerkUIUrl: ui } = clerk.providerProps
    const auth = createAuthServer({
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: [url] },
    })
    onTestFinished(() => auth.close({ timeout: 0 }))
    server.handler = toNodeHandler(createPage({ auth, script, clerk: { src, ui, publishableKey, proxyUrl } }))

    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await prepare?.(page)
    await page.goto(url)
    return {
      auth,
      page,
      complaints,
      async says(what: string) {
        await expect.poll(() => page.textContent('#who')).toBe(what)
      },
      signIn: () => sendSignInForm(page, user),
    }
  }

  it('signs in and out with the real clerk-js, as the server says', async () => {
    const { auth, page, complaints, says, signIn } = await openPage()
    await says('unauthenticated')
    await signIn()
    await says('authenticated user_ada')
    expect(await page.textContent('#sign-in')).toBe('')
    expect(await page.textContent('#error')).toBe('')
    expect(auth.stats()).toMatchObject({ sessions: 1, signedIn: 1, streams: 1 })

    await page.click('#sign-out')
    await says('unauthenticated')
    expect(auth.stats().signedIn).toBe(0)
    expect(complaints).toEqual([])
  }, 120_000)

  it('says why the server permanently refuses a user who is signed in at Clerk, and signs out there', async () => {
    const { auth, page, complaints, says, signIn } = await openPage()
    await says('unauthenticated')
    await signIn()
    await says('authenticated user_ada')
    // A token of the second in which its user was revoked is refused for good, and the next sign-in comes that quickly.
    const toSessionId = () => (window as unknown as { Clerk: { session: { id: string } } }).Clerk.session.id
    await auth.revoke({ sessionId: await page.evaluate(toSessionId) })
    await says('failed')
    await expect.poll(() => page.textContent('#error')).toContain('revoked')
    await expect.poll(() => page.isVisible('#retry')).toBe(true)
    expect(await page.textContent('#sign-in')).toBe('')

    await page.click('#sign-out')
    await says('unauthenticated')
    await signIn()
    await says('authenticated user_ada')
    expect(complaints).toEqual([])
  }, 120_000)

  it('says that Clerk does not load, and tries the server again', async () => {
    const { page, says } = await openPage(async (page) => {
      await page.clock.install()
      await page.route('**/clerk.browser.js*', (route) => route.abort())
    })
    await page.clock.runFor(10_000)
    await says('failed')
    expect(await page.textContent('#error')).toContain('Clerk')
    expect(await page.isVisible('#sign-out')).toBe(false)
    await page.click('#retry')
    await says('failed')
  }, 120_000)
})
