import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findProgram } from '../../docs/examples/shared/programs.ts'
import { findChromium, launchBrowser } from '../e2e/browser.ts'
import { findNginx } from '../nodes/nginx.ts'
import { findRedis } from '../store/redis-server.ts'
import { openProfile, signInAsAda, startExample } from './start-example.ts'

describe.runIf(findChromium() && findRedis() && findNginx())('docs/examples/nodes', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('signs in through nginx on one node, and the other node knows the session and its end', async () => {
    const example = await startExample('nodes', { REDIS_URL: '' })
    const { context, errors, openTab } = await openProfile(browser, example.url)
    const page = await openTab()
    await signInAsAda(page)
    // The page asks through nginx, and both nodes have answered it as this user.
    for (const node of ['a', 'b']) await page.waitForSelector(`li:text-is("${node}")`)

    const cookie = (await context.cookies(example.url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    const ask = () => fetch(`${example.url}/api/node`, { headers: { cookie } })
    const answers = new Map<string, string>()
    while (answers.size < 2) {
      const { node, userId } = (await (await ask()).json()) as { node: string; userId: string }
      answers.set(node, userId)
    }
    expect(new Set(answers.values()).size).toBe(1)

    await page.click('button:has-text("Sign out")')
    await page.waitForSelector('input[name=identifier]')
    for (let time = 0; time < 4; time += 1) expect((await ask()).status).toBe(401)
    expect(errors).toEqual([])
    expect(await example.end()).toBe(0)
  }, 180_000)

  it('says how to get nginx and Redis where they are missing', () => {
    expect(() => findProgram('no-such-program', '`apt-get install it`.')).toThrow(
      'This example needs no-such-program, which is not on this machine. Install it: `apt-get install it`.',
    )
  })
})
