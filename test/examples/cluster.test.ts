import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { findRedis } from '../store/redis-server.ts'
import { openProfile, signInAsAda, startExample } from './start-example.ts'

const tabs = 4

describe.runIf(findChromium() && findRedis())('docs/examples/cluster', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('keeps every tab signed in when a process is killed, and loses no sign-out', async () => {
    const example = await startExample('cluster', { PROCESSES: '2', REDIS_URL: '' })
    const pids = () => [...example.output().matchAll(/process (\d+) listens/g)].map(([, pid]) => Number(pid))
    await expect.poll(() => pids().length).toBe(2)

    // Each profile is a browser with a session and a stream of its own.
    const profiles = await Promise.all(Array.from({ length: tabs }, () => openProfile(browser, example.url)))
    const pages: Page[] = []
    for (const profile of profiles) {
      const page = await profile.openTab()
      pages.push(page)
      await signInAsAda(page)
      await page.waitForSelector('li')
    }
    const cookies = await Promise.all(
      profiles.map(async ({ context }) =>
        (await context.cookies(example.url)).map(({ name, value }) => `${name}=${value}`).join('; '),
      ),
    )
    const ask = (cookie: string) => fetch(`${example.url}/api/process`, { headers: { cookie } })
    const seen = new Map<number, number>()
    while (seen.size < 2) {
      const answer = (await (await ask(cookies[0]!)).json()) as { pid: number; streams: number }
      seen.set(answer.pid, answer.streams)
    }
    expect([...seen.values()].reduce((sum, streams) => sum + streams)).toBe(tabs)

    // The last browser is signed out before the death, by a process that may be the one that dies.
    const signedOut = { page: pages.pop()!, cookie: cookies.pop()! }
    await signedOut.page.click('button:has-text("Sign out")')
    await signedOut.page.waitForSelector('input[name=identifier]')

    const [victim] = [...seen].toSorted(([, some], [, others]) => others - some)[0]!
    const shownSignIn = pages.map((page) => page.waitForSelector('input[name=identifier]', { timeout: 0 }))
    for (const each of shownSignIn) each.catch(() => {})
    process.kill(victim, 'SIGKILL')
    await expect.poll(pids).toHaveLength(3)
    expect(example.output()).toContain(`process ${victim} died (SIGKILL)`)
    const next = pids().at(-1)!

    // The streams come back, and the new process knows every session.
    const streams = async () => {
      const counts = new Map<number, number>()
      while (counts.size < 2) {
        const answer = (await (await ask(cookies[0]!)).json()) as { pid: number; streams: number }
        counts.set(answer.pid, answer.streams)
      }
      expect(new Set(counts.keys())).toEqual(new Set(pids().filter((pid) => pid !== victim)))
      return [...counts.values()].reduce((sum, count) => sum + count)
    }
    await expect.poll(streams).toBe(tabs)
    for (const page of pages) await page.waitForSelector(`li:has-text("${next}")`)
    expect(await Promise.race([...shownSignIn, Promise.resolve(null)])).toBeNull()

    // No sign-out is lost, neither the one before the death nor one after it.
    const statuses = new Set<number>()
    for (let time = 0; time < 4; time += 1) statuses.add((await ask(signedOut.cookie)).status)
    expect([...statuses]).toEqual([401])
    await pages[0]!.click('button:has-text("Sign out")')
    await pages[0]!.waitForSelector('input[name=identifier]')
    expect((await ask(cookies[0]!)).status).toBe(401)
    expect((await ask(cookies[0]!)).status).toBe(401)
    expect((await ask(cookies[1]!)).status).toBe(200)
    expect(profiles.flatMap(({ errors }) => errors)).toEqual([])
    expect(await example.end()).toBe(0)
  }, 240_000)
})
