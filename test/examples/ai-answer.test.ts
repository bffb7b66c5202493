import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { openProfile, signInAsAda, startExample } from './start-example.ts'

describe.runIf(findChromium())('docs/examples/ai-answer', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('streams an answer to a signed-in user, and cuts it off at the sign-out in another tab', async () => {
    const example = await startExample('ai-answer')
    const post = (headers: Record<string, string> = {}) =>
      fetch(`${example.url}/api/answer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: example.url, ...headers },
        body: JSON.stringify({ question: 'Who are you?' }),
      })
    expect((await post()).status).toBe(401)

    const { context, errors, openTab } = await openProfile(browser, example.url)
    const first = await openTab()
    await signInAsAda(first)
    const second = await openTab()
    await second.fill('input[name=question]', 'What is a statechart?')
    await second.click('button:has-text("Ask")')
    await expect.poll(() => second.textContent('#answer')).toMatch(/^You asked “What is a statechart\?”\. No model/)
    expect(await second.textContent('[role=status]')).toBe('The answer comes …')

    // A reader outside the pages does not stop by itself. Only the server can cut its answer off.
    const cookie = (await context.cookies(example.url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    const answer = await post({ cookie })
    expect(answer.status).toBe(200)
    let text = ''
    const cut = (async () => {
      for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) text += part
    })()
    cut.catch(() => {})
    await expect.poll(() => text).toMatch(/^You asked “Who are you\?”\./)

    await first.click('button:has-text("Sign out")')
    await expect(cut).rejects.toThrow('terminated')
    expect(text).not.toContain('either.')
    for (const page of [first, second]) await page.waitForSelector('input[name=identifier]')
    expect(await second.locator('#answer').count()).toBe(0)
    await expect.poll(() => example.output().match(/answer cut off after \d+ words/g)).toHaveLength(2)
    expect((await post({ cookie })).status).toBe(401)
    expect(errors).toEqual([])

    // The same user signs in again, and waits for the end.
    await signInAsAda(first)
    await first.fill('input[name=question]', 'And now?')
    await first.click('button:has-text("Ask")')
    await expect.poll(() => first.textContent('[role=status]')).toBe('The answer is complete.')
    expect(await first.textContent('#answer')).toMatch(/either\. $/)
    expect(example.output()).toContain('answer complete after')
    expect(await example.end()).toBe(0)
    expect(example.output()).not.toMatch(/error/i)
  }, 120_000)
})
