import type { RequestListener } from 'node:http'
import { toNodeHandler } from 'h3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPage } from '../../docs/examples/browser-without-react/page.ts'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { bundleExample } from './bundle.ts'

describe.runIf(findChromium())('browser-without-react', () => {
  it('signs in and out with the real clerk-js, on the word of the server', async () => {
    const clerk = await createClerkEmulator({
      users: [{ id: 'user_ada', email: 'ada@example.test', password: 'correct horse' }],
    })
    onTestFinished(() => clerk.close())
    let handler: RequestListener = () => {}
    const server = await listenOnLoopback((request, response) => handler(request, response), 'localhost', 0)
    onTestFinished(() => server.close())
    const url = `http://localhost:${server.port}`
    const { secretKey, publishableKey, apiUrl, frontendApiUrl: proxyUrl, clerkJSUrl: src } = clerk
    const auth = createAuthServer({
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: [url] },
    })
    onTestFinished(() => auth.close({ timeout: 0 }))
    const script = await bundleExample('browser-without-react/main.ts')
    handler = toNodeHandler(createPage({ auth, script, clerk: { src, publishableKey, proxyUrl } }))

    const browser = await launchBrowser()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    const who = () => page.textContent('#who')
    await expect.poll(who, { timeout: 30_000 }).toBe('unauthenticated')
    await page.fill('input[name=identifier]', 'ada@example.test')
    await page.click('button:has-text("Continue")')
    await page.fill('input[type=password]:visible', 'correct horse')
    await page.click('button:has-text("Continue")')
    await expect.poll(who, { timeout: 30_000 }).toBe('authenticated user_ada')
    expect(await page.textContent('#sign-in')).toBe('')
    expect(auth.stats()).toMatchObject({ sessions: 1, signedIn: 1, streams: 1 })

    await page.click('#sign-out')
    await expect.poll(who, { timeout: 30_000 }).toBe('unauthenticated')
    expect(auth.stats().signedIn).toBe(0)
    expect(complaints).toEqual([])
  }, 120_000)
})
