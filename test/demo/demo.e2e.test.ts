import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { freePort } from '../free-port.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe.runIf(findChromium())('npm start, as a user sees it', () => {
  const printed: string[] = []
  let demo: ChildProcess
  let browser: Browser
  let origin: string

  beforeAll(async () => {
    origin = `http://localhost:${await freePort()}`
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.includes('CLERK_')))
    // Its own process group: npm starts the server through a shell, and both have to end.
    demo = spawn('npm', ['run', 'demo'], {
      cwd: root,
      env: { ...env, PORT: new URL(origin).port },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    browser = await launchBrowser()
    for await (const line of createInterface(demo.stdout!)) {
      printed.push(line)
      if (line.includes('Clerk emulator')) break
    }
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    if (demo?.pid === undefined || demo.exitCode !== null) return
    process.kill(-demo.pid)
    await once(demo, 'exit')
  })

  it('prints the address and a user, who signs in with one click; the chart keeps its arrows and highlights the state', async () => {
    expect(printed.join('\n')).toContain(origin)
    expect(printed.join('\n')).toMatch(/Inspector +http:\/\/localhost:\d+\/auth\/inspect\?key=/)
    expect(printed.join('\n')).toMatch(/Clerk emulator +\S+@\S+ +\S+/)

    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(origin)
    const arrows = page.locator('.react-flow__edge-path')
    await arrows.nth(15).waitFor({ state: 'attached' })
    const drawn = await arrows.count()

    await page.getByRole('button', { name: 'Sign in as Ada' }).click()
    await page.getByTestId('authenticated').waitFor()
    await expect.poll(() => page.getByTestId('chart-now').textContent()).toBe('signedIn.current')
    expect(await page.getByTestId('server-state').getByRole('button').textContent()).toBe('signedIn')
    expect(await arrows.count()).toBe(drawn)

    await page.getByRole('button', { name: 'Rotate keys' }).click()
    await page.getByRole('button', { name: 'Post a junk token' }).click()
    await page.getByTestId('attack-outcome').filter({ hasText: 'refused with 400 token-malformed' }).waitFor()
    await expect.poll(() => page.getByTestId('why').textContent()).toMatch(/^Signed in,.*\(token-malformed, /)
    expect(await arrows.count()).toBe(drawn)
    expect(await page.getByTestId('server-state').getByRole('button').textContent()).toBe('signedIn')
    const opened = page.context().waitForEvent('page')
    await page.getByRole('link', { name: 'Inspector' }).click()
    const inspector = await opened
    await inspector.locator('.session').filter({ hasText: 'signedIn' }).waitFor()
    expect(inspector.url()).toBe(`${origin}/auth/inspect`)
    expect(complaints).toEqual([])
    expect(await page.content()).not.toMatch(/eyJ[\w-]{20}/)
  }, 60_000)
})
