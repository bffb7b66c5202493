import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { openProfile, signInAsAda, startExample } from './start-example.ts'

describe.runIf(findChromium())('docs/examples/dashboard', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('shows live numbers to a signed-in user, and locks in every tab at the sign-out in one of them', async () => {
    const example = await startExample('dashboard')
    expect((await fetch(`${example.url}/api/numbers`)).status).toBe(401)

    const { context, errors, openTab } = await openProfile(browser, example.url)
    const first = await openTab()
    await signInAsAda(first)
    await first.waitForSelector('time')
    const second = await openTab()
    await second.waitForSelector('time')
    const shown = await second.textContent('time')
    await expect.poll(() => second.textContent('time')).not.toBe(shown)

    // A reader outside the pages holds a stream with the browser's cookies. Only the server can end it.
    const cookie = (await context.cookies(example.url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    const feed = await fetch(`${example.url}/api/numbers`, { headers: { cookie } })
    expect(feed.status).toBe(200)
    const ended = feed.text()

    await first.click('button:has-text("Sign out")')
    for (const page of [first, second]) {
      await page.waitForSelector('time', { state: 'detached' })
      await page.waitForSelector('input[name=identifier]')
    }
    expect(await ended).toMatch(/^data: \{"load":/)
    expect((await fetch(`${example.url}/api/numbers`, { headers: { cookie } })).status).toBe(401)
    expect(errors).toEqual([])
    expect(await example.end()).toBe(0)
  }, 120_000)
})
