import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../e2e/browser.ts'
import { sendSignInForm } from '../e2e/sign-in-form.ts'
import type { ClerkEmulator } from '../kit/index.ts'
import { ada } from './users.ts'

/** A cold page of a dev server is compiled while it is asked for. */
const shownWithin = 60_000

/**
 * Signs in on the page in Chromium as a user does, in Clerk's own form, reloads, and signs out, with Clerk's package for
 * the framework and the real clerk-js. The page must log no error and no complaint about hydration.
 */
export async function signInByForm(origin: string, { frontendApiUrl }: ClerkEmulator): Promise<void> {
  const browser = await launchBrowser()
  try {
    const context = await browser.newContext()
    context.setDefaultTimeout(shownWithin)
    // Clerk's packages ask for scripts over https where no setting says otherwise, and svelte-clerk has none for one of them.
    await context.route(`${frontendApiUrl.replace('http:', 'https:')}/npm/**`, async (route) => {
      const response = await fetch(route.request().url().replace('https:', 'http:'))
      await route.fulfill({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()),
      })
    })
    // @clerk/nuxt reports the use of Clerk whatever its variable says.
    await context.route('https://clerk-telemetry.com/**', (route) => route.fulfill({ status: 204 }))
    const page = await context.newPage()
    const complaints = listen(page)
    await page.goto(origin)
    await sendSignInForm(page, ada)
    await page.waitForSelector(`#who:has-text("${ada.id}")`)
    assert.equal(await askWho(context, origin), 200)

    // The server renders the user, and the page never shows anything else.
    await page.reload()
    await page.waitForSelector(`#who:has-text("${ada.id}")`)
    await page.waitForFunction(() => (window as { Clerk?: { loaded?: boolean } }).Clerk?.loaded)

    await page.click('button:has-text("Sign out")')
    await page.waitForSelector('input[name=identifier]')
    assert.equal(await page.locator(`#who:has-text("${ada.id}")`).count(), 0)
    assert.equal(await askWho(context, origin), 401)
    assert.deepEqual(complaints, [])
  } finally {
    await browser.close()
  }
}

function listen(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    const { url } = message.location()
    // The examples have no icon, which Chromium asks for by itself.
    if (url.endsWith('/favicon.ico')) return
    if (message.type() === 'error' || /hydrat/i.test(message.text())) complaints.push(`${message.text()} ${url}`)
  })
  return complaints
}

/** Returns the status of the guarded route for this browser. */
async function askWho(context: BrowserContext, origin: string): Promise<number> {
  // Not a fetch of the page: Chromium logs a refusal as an error of the page.
  const cookies = await context.cookies(origin.replace('http:', 'https:'))
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return (await fetch(`${origin}/api/me`, { headers: { cookie } })).status
}
