import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMemorySessionStore } from '../../adapters/h3/index.ts'
import type { Explanation } from '../../machines/index.ts'
import { startWithClerk } from '../h3/clerk-harness.ts'
import { startServer, useVirtualTime } from '../h3/harness.ts'

type Started = Awaited<ReturnType<typeof startServer>>

/** Returns the answer of a route that belongs to the app. */
const ask = async (browser: ReturnType<Started['browser']>) =>
  (await browser.get('/why')).body as unknown as Explanation
const addRoute: NonNullable<Parameters<typeof startServer>[1]> = (app, auth) => {
  app.get('/why', (event) => auth.explain(event))
}

describe('auth.explain(event)', () => {
  it('gives a browser the history of its own session, with renewals counted', async () => {
    const server = await startServer({}, addRoute)
    const [ada, bob] = [server.browser(), server.browser()]
    await ada.open()
    const seconds = Math.floor(Date.now() / 1_000)
    for (let age = 5; age > 0; age -= 1) await ada.token(server.mint({ iat: seconds - age }))
    await ada.clear()
    const { transitions, summary } = await ask(ada)
    expect(transitions.map(({ code, count }) => [code, count])).toEqual([
      ['check-started', 1],
      ['token-accepted', 1],
      ['token-renewed', 4],
      ['session-cleared', 1],
    ])
    expect(summary).toContain('Signed out')

    await bob.open()
    expect((await ask(bob)).transitions).toEqual([])
  })

  it('says on another node where the session came from, and how that node saw it end', async () => {
    const store = createMemorySessionStore()
    onTestFinished(() => store.close())
    const [here, there] = [await startServer({ store }, addRoute), await startServer({ store }, addRoute)]
    const [browser, elsewhere] = [here.browser(), there.browser()]
    await browser.token(here.mint())
    elsewhere.cookie = browser.cookie!
    expect((await ask(elsewhere)).transitions).toMatchObject([
      { from: 'unchecked.waiting', to: 'signedIn.current', code: 'session-adopted' },
    ])
    await browser.clear()
    await expect.poll(async () => (await ask(elsewhere)).summary).toContain('Signed out')
    expect((await ask(elsewhere)).transitions).toHaveLength(2)
  })

  it('says so if there is no session', async () => {
    const server = await startServer({}, addRoute)
    const { summary, transitions } = await ask(server.browser())
    expect(summary).toContain('No verdict yet')
    expect(summary).toContain('The request has no session here.')
    expect(transitions).toEqual([])
  })

  it('gives the age of the keys once they were fetched', async () => {
    const { server, signIn } = await startWithClerk({}, addRoute)
    expect((await ask(server.browser())).keysAge).toBeNull()
    const { browser } = await signIn()
    const { keysAge, clockOffset } = await ask(browser)
    expect(keysAge).toBeGreaterThan(0)
    expect(keysAge).toBeLessThan(60_000)
    expect(clockOffset).toBeGreaterThanOrEqual(0)
    expect(clockOffset).toBeLessThan(10_000)
  })

  it.each([
    [-3_600_000, 'token-expired', /The server's clock is 60 min ahead of Clerk's/],
    [3_600_000, 'token-not-active', /The server's clock is 60 min behind Clerk's/],
  ])('notices at the first refused token that Clerk’s clock is %i ms off', async (skew, code, note) => {
    const { clerk, server, mint } = await startWithClerk({}, addRoute)
    clerk.skewClock(skew)
    const browser = server.browser()
    await browser.open()
    expect((await browser.token(mint())).body.code).toBe(code)
    const { summary, clockOffset, clockSkew, transitions } = await ask(browser)
    expect(Math.abs((clockOffset ?? 0) + skew)).toBeLessThan(10_000)
    expect(clockSkew).toBe(clockOffset)
    expect(summary).toMatch(note)
    expect(transitions.at(-1)).toMatchObject({ to: 'signedOut', code })
  })

  it('trusts a corrected clock after a while', async () => {
    useVirtualTime()
    const { clerk, server, mint } = await startWithClerk({}, addRoute)
    clerk.skewClock(20_000)
    const browser = server.browser()
    await browser.open()
    await browser.token(mint())
    expect((await ask(browser)).clockOffset).toBe(-20_000)
    clerk.skewClock(0)
    for (let minute = 0; minute < 11; minute += 1) {
      await vi.advanceTimersByTimeAsync(60_000)
      await browser.token(mint())
    }
    expect((await ask(browser)).clockOffset).toBe(0)
  })

  it('reports an expiry on time, and contains nothing secret', async () => {
    useVirtualTime()
    const server = await startServer({}, addRoute)
    const browser = server.browser()
    const stream = await browser.open()
    const token = server.mint({ email: 'ada@example.test' })
    await browser.token(token)
    await vi.advanceTimersByTimeAsync(120_000)
    await stream.viewWhere(({ state }) => state === 'signedOut')
    const explanation = await ask(browser)
    expect(explanation.transitions.map(({ code }) => code)).toEqual([
      'check-started',
      'token-accepted',
      'token-stale',
      'token-expired',
    ])
    const text = JSON.stringify(explanation)
    for (const part of [...token.split('.'), browser.cookie!.split('=')[1]!, 'ada@', 'user_a', 'sess_']) {
      expect(text).not.toContain(part)
    }
  })
})
