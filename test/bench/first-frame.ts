/**
 * Measures how much earlier a page shows as signed in if its stream carries Clerk's cookie, compared with a server
 * that has to wait for clerk-js. It reloads the demo in Chromium with and without the cookie in turn. Start the demo
 * first (`PORT=3000 npm start`), then run: `npx tsx test/bench/first-frame.ts [rounds] [origin]`.
 */
import { launchBrowser } from '../e2e/browser.ts'
import { median } from './statistics.ts'

const [rounds = '10', origin = 'http://localhost:3000'] = process.argv.slice(2)

const browser = await launchBrowser()
const page = await browser.newPage()
await page.goto(origin)
await page.getByRole('button', { name: /^Sign in as/ }).click()
await page.getByTestId('authenticated').waitFor()

/**
 * Returns the ms from the navigation until the page shows that the server knows the user, in a new server session.
 */
async function reload(withCookie: boolean): Promise<number> {
  await page.goto('about:blank')
  await page.context().clearCookies({ name: /authchart/ })
  // clerk-js sets the cookie again as soon as it has loaded.
  if (!withCookie) await page.context().clearCookies({ name: /^__session/ })
  await page.goto(origin, { waitUntil: 'commit' })
  await page.getByTestId('authenticated').waitFor()
  return page.evaluate(() => performance.now())
}

const carried: number[] = []
const waited: number[] = []
for (let round = 0; round < Number(rounds); round += 1) {
  carried.push(await reload(true))
  waited.push(await reload(false))
}
const show = (values: number[]) =>
  `median ${median(values).toFixed(0)} ms (${values.map((value) => value.toFixed(0)).join(' ')})`
console.log(`with the cookie    ${show(carried)}`)
console.log(`waiting for clerk  ${show(waited)}`)
await browser.close()
