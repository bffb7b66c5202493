import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { eventually } from '../h3/harness.ts'
import { play, startInspected, type InspectedServer } from './scenario.ts'

/** The folder for screenshots of the page, for a person to look at. */
const shots = process.env['INSPECTOR_SHOTS']

describe.runIf(findChromium())('the page of the inspector', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  async function openPage({ inspector, url }: InspectedServer, options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
    onTestFinished(() => page.close())
    const complaints: string[] = []
    const requests: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(inspector.link(`${url}/auth`))
    await page.locator('.step').first().waitFor()
    return { page, complaints, requests }
  }
  const choose = async (page: Page, name: RegExp) => {
    await page.locator('.session').filter({ hasText: name }).click()
    await page.locator('.session[aria-current=true]').filter({ hasText: name }).waitFor()
    await page.locator('#who', { hasText: name }).waitFor()
  }
  const lit = (page: Page) =>
    page
      .locator('.chart:not([hidden]) .state.is-active')
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset['state']))
  const taken = (page: Page) =>
    page
      .locator('.chart:not([hidden]) .arrow.is-taken')
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset['arrow']))
  const shown = (step: Locator) => step.and(step.page().locator('[aria-current=true]')).locator('.event').textContent()
  const shoot = async (page: Page, name: string) =>
    shots && (await page.screenshot({ fullPage: true, path: `${shots}/inspect-${name}.png` }))

  it('lists the sessions, highlights the state of one, and follows it', async () => {
    const server = await startInspected()
    const { bob } = await play(server)
    const { page, complaints, requests } = await openPage(server)
    expect(new URL(page.url()).search, 'no key in the address').toBe('')
    expect(await page.locator('.session').count()).toBe(4)

    await choose(page, /user_bob/)
    expect(await lit(page)).toEqual(['auth.signedIn', 'auth.signedIn.current'])
    await bob.clear()
    await page.locator('#now', { hasText: 'signedOut' }).waitFor()
    expect(await lit(page)).toEqual(['auth.signedOut'])
    expect(await taken(page)).toEqual(['auth:any -> auth.signedOut'])
    expect(await page.locator('#about').textContent()).toBe('A verdict says that no user is signed in.')
    expect(await page.locator('#why').textContent()).toContain('Now: Signed out.')
    expect(await page.locator('.step .event').first().textContent()).toBe('session.cleared')

    await page.locator('.session').filter({ hasText: 'jwksMachine' }).click()
    await page.locator('#who', { hasText: 'jwksMachine' }).waitFor()
    await eventually(async () => (await lit(page)).includes('jwks.fresh'), 'the chart of the keys')
    expect(requests.every((url) => url.startsWith(server.url) || url.startsWith('data:'))).toBe(true)
    expect(complaints).toEqual([])
  })

  it('steps back and forth through the events, by buttons, slider, keys, or a click', async () => {
    const server = await startInspected()
    const { ada } = await play(server)
    const { page, complaints } = await openPage(server)
    const { channel } = (await ada.session()).body
    await page.locator('.session').filter({ hasText: channel }).click()
    await page.locator('#title', { hasText: channel }).waitFor()
    const steps = page.locator('.step')
    await eventually(async () => (await steps.count()) > 10, 'the events')
    const count = await steps.count()

    await page.keyboard.press('Home')
    expect(await shown(steps)).toBe('start')
    expect(await lit(page)).toEqual(['auth.unchecked', 'auth.unchecked.waiting'])
    expect(await page.locator('#place').textContent()).toMatch(/^1 of \d+$/)
    await page.keyboard.press('ArrowRight')
    expect(await shown(steps)).toBe('token.received')
    expect(await taken(page)).toEqual(['auth:any -> auth.verifying'])
    await page.getByRole('button', { name: 'One event on' }).click()
    expect(await shown(steps)).toBe('verifyToken done')
    expect(await page.locator('#context').textContent()).toContain('sess_ada')
    await page.keyboard.press('ArrowLeft')
    expect(await shown(steps)).toBe('token.received')

    await page.getByRole('slider').fill('2')
    expect(await shown(steps)).toBe('verifyToken done')
    await steps.filter({ hasText: 'session.cleared' }).click()
    expect(await lit(page)).toEqual(['auth.signedOut'])

    // New events are listed in the meantime, and do not move the reader.
    await ada.token(server.mint({ sub: 'user_new', sid: 'sess_new' }))
    await eventually(async () => (await steps.count()) > count, 'what came meanwhile')
    expect(await shown(steps)).toBe('session.cleared')
    await page.getByRole('button', { name: 'Live' }).click()
    await eventually(async () => (await lit(page)).includes('auth.signedIn.current'), 'the newest state')

    await page.clock.install()
    await page.keyboard.press('Home')
    await page.locator('#canvas').focus()
    await page.keyboard.press('Space')
    await page.clock.runFor(700 * 3 + 50)
    expect(await page.locator('#place').textContent()).toMatch(/^4 of/)
    await page.clock.runFor(700 * 40)
    expect(await page.getByRole('button', { name: 'Live' }).getAttribute('aria-pressed')).toBe('true')
    expect(complaints).toEqual([])
  })

  it('finds a session by channel, user or state, and keeps one that has ended', async () => {
    const server = await startInspected()
    await play(server)
    const { page } = await openPage(server)
    const sessions = page.locator('.session')
    await page.getByRole('searchbox').fill('user_bob')
    await expect.poll(() => sessions.count()).toBe(1)
    await page.getByRole('searchbox').fill('SIGNEDOUT')
    await expect.poll(() => sessions.count()).toBe(1)
    await page.getByRole('searchbox').fill('')
    await server.auth.close({ timeout: 0 })
    await expect.poll(() => page.locator('.session.is-over').count()).toBeGreaterThanOrEqual(3)
  })

  it('shows hostile text as text', async () => {
    const server = await startInspected()
    const evil = '<img src=x onerror="window.hit=1">'
    const one = server.browser()
    await one.open()
    await one.token(server.mint({ sub: evil, sid: `sess_${evil}` }))
    await one.token(server.mint({ sub: 'user_a', sid: 'sess_a', o: { id: evil, rol: evil } }))
    const { page, complaints } = await openPage(server)
    await page.locator('.session').filter({ hasText: 'user_a' }).click()
    await page.locator('#context', { hasText: '[id]' }).waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.evaluate('window.hit')).toBeUndefined()
    expect(complaints).toEqual([])
  })

  it('says so if the key is no longer valid', async () => {
    const server = await startInspected()
    const link = server.inspector.link(`${server.url}/auth`)
    await server.enter(link)
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    const response = await page.goto(link)
    expect(response?.status()).toBe(403)
    expect(await page.getByRole('heading').textContent()).toBe('This page opens by a key')
  })

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
    ['narrow-dark', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
  ] as const)('fits its window: %s', async (name, options) => {
    const server = await startInspected()
    const { ada } = await play(server)
    const { page, complaints } = await openPage(server, options)
    const { channel } = (await ada.session()).body
    await page.locator('.session').filter({ hasText: channel }).click()
    await page.locator('#title', { hasText: channel }).waitFor()
    await page.keyboard.press('Home')
    for (let step = 0; step < 4; step += 1) await page.keyboard.press('ArrowRight')
    expect(await lit(page)).toEqual(['auth.signedIn', 'auth.signedIn.current'])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await isInSight(page)).toBe(true)
    await shoot(page, name)
    expect(complaints).toEqual([])
  })

  const isInSight = (page: Page) =>
    page.evaluate(() => {
      const frame = document.querySelector('#canvas')!.getBoundingClientRect()
      const box = [...document.querySelectorAll('.state.is-active')].at(-1)!.getBoundingClientRect()
      return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom
    })
})
