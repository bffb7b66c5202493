import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { freePort } from '../free-port.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Clerk draws its own components, so only Clerk can mend these. The demo gives them their colours. */
const clerkRule = { rule: 'label-content-name-mismatch', from: /^\.cl-/ }

/** The complaints of axe about a page as it is now, one line each. */
async function complaintsOf(page: Page): Promise<string[]> {
  // As a string it runs past the content security policy of the inspector.
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { axe: tool } = window as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> }
    }
    const { violations } = await tool.run()
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => ({ id, target: target.join(' ') })))
  })
  return found
    .filter(({ id, target }) => !(id === clerkRule.rule && clerkRule.from.test(target)))
    .map(({ id, target }) => `${id}: ${target}`)
}

describe.runIf(findChromium())('the demo, for everyone', () => {
  let demo: ChildProcess | undefined
  let browser: Browser | undefined
  let origin: string
  let folder: string

  beforeAll(async () => {
    // The page has a folder of its own, because another test runs `npm run demo`, which empties `docs/demo/dist`.
    folder = await mkdtemp(join(tmpdir(), 'authchart-demo-'))
    await build({ root: join(root, 'docs/demo'), logLevel: 'error', build: { outDir: folder } })
    origin = `http://localhost:${await freePort()}`
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.includes('CLERK_')))
    demo = spawn(process.execPath, ['--import', 'tsx', 'docs/demo/server.ts'], {
      cwd: root,
      env: { ...env, PORT: new URL(origin).port, PAGE: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    browser = await launchBrowser()
    for await (const line of createInterface(demo.stdout!)) if (line.includes('Clerk emulator')) break
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    if (demo?.exitCode === null) {
      demo.kill()
      await once(demo, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  })

  async function openDemo(options: Parameters<Browser['newContext']>[0]): Promise<Page> {
    const context = await browser!.newContext({ reducedMotion: 'reduce', ...options })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(origin)
    await page.locator('.react-flow__edge-path').nth(15).waitFor({ state: 'attached' })
    await page.locator('input[name=identifier]').waitFor()
    return page
  }
  const signIn = async (page: Page) => {
    await page.getByRole('button', { name: 'Sign in as Ada' }).click()
    await page.getByTestId('authenticated').waitFor()
  }

  it.each(['light', 'dark'] as const)(
    'has no complaint of axe in %s: signed out, signed in, failed, and in the inspector',
    async (colorScheme) => {
      const isPhone = colorScheme === 'dark'
      const viewport = isPhone ? { width: 390, height: 844 } : { width: 1280, height: 800 }
      const page = await openDemo({ colorScheme, viewport, isMobile: isPhone, hasTouch: isPhone })
      expect(await complaintsOf(page), 'signed out').toEqual([])

      await signIn(page)
      await page.getByRole('button', { name: 'Post a junk token' }).click()
      await page.getByTestId('attack-outcome').filter({ hasText: 'refused with 400 token-malformed' }).waitFor()
      await page.getByTestId('why').filter({ hasText: 'token-malformed' }).waitFor()
      expect(await complaintsOf(page), 'signed in').toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth), 'no sideways scrolling').toBe(
        viewport.width,
      )

      const inspector = await page.context().newPage()
      await inspector.goto(`${origin}/demo/inspector`)
      await inspector.locator('.step').first().waitFor()
      expect(await complaintsOf(inspector), 'inspector').toEqual([])
      await inspector.close()

      await page.getByRole('button', { name: 'Revoke session' }).click()
      await page.getByTestId('server-state').filter({ hasText: 'signedOut' }).waitFor()
      await page.getByTestId('fault-outcome').filter({ hasText: 'by its webhook' }).waitFor()
      expect(await complaintsOf(page), 'failed').toEqual([])
    },
    60_000,
  )

  it('is operated by the keyboard, which opens and closes the explanation of a term', async () => {
    const page = await openDemo({ viewport: { width: 1280, height: 800 } })
    // Clerk's form takes the focus when it appears.
    await page.locator('input[name=identifier]:focus').waitFor()
    const state = page.locator('.react-flow button[data-state="auth.verifying"]')
    await state.focus()
    await page.keyboard.press('Enter')
    expect(await state.getAttribute('aria-pressed')).toBe('true')
    const guard = page.locator('.state-details').getByRole('button', { name: 'isProof', exact: true }).first()
    await guard.focus()
    const bubble = page.locator('.bubble')
    expect(await bubble.textContent()).toContain('The token proves a session')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Read more')
    const address = await bubble.getByRole('link').getAttribute('href')
    expect((await page.request.get(new URL(address!, origin).href)).status()).toBe(200)
    await page.keyboard.press('Escape')
    await expect.poll(() => bubble.count()).toBe(0)

    const replay = page.getByRole('button', { name: 'Replay the copy' })
    expect(await replay.isDisabled(), 'nothing to replay').toBe(true)
    await page.getByRole('button', { name: 'Sign in as Ada' }).focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('authenticated').waitFor()
    await page.getByRole('status').filter({ hasText: 'The server session is signed in.' }).waitFor()
    await page.getByRole('button', { name: 'Copy my token' }).press('Enter')
    await expect.poll(() => replay.isDisabled()).toBe(false)
  }, 60_000)
})
