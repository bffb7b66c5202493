import { createClerkEmulator } from 'authchart/testing'
/**
 * Measures tabs of one browser that share a stream: how far they lag behind each other, what 12 of them send in some
 * minutes, and how soon the next tab takes over when the one that reads the stream is closed. Run by hand: `npx tsx
 * --tsconfig test/tsconfig.json test/bench/tabs.ts [take-overs] [minutes]`.
 */
import type { Page } from 'playwright-core'
import { startAppServer } from '../e2e/app-server.ts'
import { launchBrowser } from '../e2e/browser.ts'
import { bundlePage } from '../e2e/page/bundle-page.ts'
import { createTabs, type Tab } from '../e2e/tab.ts'
import { median } from './statistics.ts'

const [rounds = '50', minutes = '10'] = process.argv.slice(2)
const tabCount = 12
const user = { id: 'user_ada', email: 'ada@example.test', password: 'correct horse', firstName: 'Ada' }

const clerk = await createClerkEmulator({ users: [user] })
const app = await startAppServer({ clerk, script: await bundlePage() })
const browser = await launchBrowser()
const context = await browser.newContext()
const cookie = clerk.clientCookie(clerk.createSession(user.id))
await context.addCookies([{ name: '__client', value: cookie, url: clerk.url, httpOnly: true, sameSite: 'Lax' }])
const openPage = await createTabs(context, app.url)

const sent: { readonly page: Page; readonly method: string; readonly at: number }[] = []
context.on('request', (request) => {
  if (!request.url().includes('/auth/')) return
  sent.push({ page: request.frame().page(), method: request.method(), at: performance.now() })
})
const count = (method: string, since: number) => sent.slice(since).filter((each) => each.method === method).length
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const show = (values: readonly number[]) =>
  `p50 ${median([...values]).toFixed(1)} ms, most ${Math.max(...values).toFixed(1)} ms, of ${values.length}`

async function openTab(): Promise<Tab> {
  const tab = await openPage()
  await tab.shows('authenticated')
  return tab
}

const tabs: Tab[] = []
while (tabs.length < tabCount) tabs.push(await openTab())
console.log(
  `${tabCount} tabs opened: ${count('GET', 0)} GETs, ${count('POST', 0)} POSTs, ${app.auth.stats().streams} stream`,
)

const since = sent.length
const logged = tabs.map((tab) => tab.log.length)
await pause(Number(minutes) * 60_000)
console.log(`${minutes} minutes: ${count('GET', since)} GETs, ${count('POST', since)} POSTs`)

/**
 * The times at which the tabs learned of each new view, ms. A view is identified by its expiry, which differs from
 * view to view.
 */
const knownAt = new Map<number, number[]>()
for (const [index, tab] of tabs.entries()) {
  for (const entry of tab.log.slice(logged[index])) {
    if (entry.kind !== 'view' || entry.view.expiresAt === null) continue
    knownAt.set(entry.view.expiresAt, [...(knownAt.get(entry.view.expiresAt) ?? []), entry.at])
  }
}
const behind = [...knownAt.values()]
  .filter((times) => times.length === tabCount)
  .map((times) => Math.max(...times) - Math.min(...times))
if (behind.length > 0) console.log(`a change, from the first tab that shows it to the last: ${show(behind)}`)

const takeOvers: number[] = []
for (let round = 0; round < Number(rounds); round += 1) {
  const { page } = sent.findLast(({ method }) => method === 'GET')!
  const leader = tabs.find((tab) => tab.page === page)!
  const asked = sent.length
  const start = performance.now()
  await leader.close()
  while (count('GET', asked) === 0) await pause(1)
  takeOvers.push(sent.slice(asked).find(({ method }) => method === 'GET')!.at - start)
  tabs.splice(tabs.indexOf(leader), 1)
  tabs.push(await openTab())
}
console.log(`take-over, from the closing of a tab to the request of the next one: ${show(takeOvers)}`)
await browser.close()
await app.close()
await clerk.close()
