import { expect, it } from 'vitest'
import { createRandom } from '../seeded-random.ts'
import { ada, createWorld, type Tab } from './world.ts'

const second = 1_000
const minute = 60 * second

it('two tabs with two organizations post at most 4 times a minute; the last focused tab wins', async () => {
  const { server, openTab, pass } = createWorld()
  const seed = Number(process.env['SEED'] ?? 5)
  console.log(`SEED=${seed}`)
  const random = createRandom(seed)
  const a = await openTab('a', { random }).start({ ...ada, orgId: 'org_a' })
  await pass(second)
  const b = await openTab('b', { random }).start({ ...ada, orgId: 'org_b' })
  for (const [tab, orgId] of [
    [b, 'org_b'],
    [a, 'org_a'],
    [b, 'org_b'],
  ] as [Tab, string][]) {
    await pass(2 * second)
    tab.focus()
    tab.focus()
    const before = server.posts.length
    await pass(10 * minute, 100)
    expect(server.view).toMatchObject({ isSignedIn: true, orgId })
    expect(server.posts.length - before).toBeLessThanOrEqual(16)
  }
  expect(mostWithinAMinute(server.posts)).toBeLessThanOrEqual(4)
})

it('when the winning tab closes, the other one takes over after its view has expired', async () => {
  const { server, openTab, pass } = createWorld()
  const a = await openTab('a').start({ ...ada, orgId: 'org_a' })
  await pass(second)
  const b = await openTab('b').start({ ...ada, orgId: 'org_b' })
  b.send({ type: 'client.stopped' })
  await pass(3 * minute, 100)
  expect(server.view).toMatchObject({ isSignedIn: true, orgId: 'org_a' })
  expect(a.state).toBe('open | confirmed')
  expect(server.posts.length).toBeLessThanOrEqual(5)
})

it('a stale signed-out tab beside a signed-in one posts at most 4 times a minute, and the signed-in one wins', async () => {
  const { server, openTab, pass } = createWorld()
  const live = await openTab('live').start(ada)
  await pass(second)
  const stale = await openTab('stale').start(null)
  await pass(5 * minute, 100)
  stale.focus()
  await pass(5 * minute, 100)
  expect(server.view).toMatchObject({ isSignedIn: true, userId: 'user_ada' })
  expect(live.state).toBe('open | confirmed')
  expect(stale.state).toBe('open | signedOut')
  expect(mostWithinAMinute(server.posts)).toBeLessThanOrEqual(4)
})

it('a sign-out that every tab hears of leaves all tabs signed out', async () => {
  const { server, openTab, pass } = createWorld()
  const tabs = [await openTab('a').start(ada), await openTab('b').start(ada), await openTab('c').start(ada)]
  for (const tab of tabs) {
    tab.clerkSays(null)
    await pass(100)
  }
  await pass(minute)
  expect(tabs.map(({ state }) => state)).toEqual(Array(3).fill('open | signedOut'))
  expect(server.view).toMatchObject({ state: 'signedOut' })
  expect(server.posts).toHaveLength(4)
})

it('three tabs that wake past expiry end on one view with at most 3 posts', async () => {
  const { server, openTab, pass } = createWorld()
  const random = createRandom(9)
  const tabs: Tab[] = []
  for (const name of ['a', 'b', 'c']) tabs.push(await openTab(name, { random }).start(ada))
  for (const { clerk } of tabs) clerk.mode = 'hang'
  await pass(3 * minute, 200)
  expect(server.view).toMatchObject({ state: 'signedOut' })
  for (const tab of tabs) tab.clerk.mode = 'ok'
  const before = server.posts.length
  for (const tab of tabs) tab.focus()
  await pass(10 * second)
  expect(tabs.map(({ state }) => state)).toEqual(Array(3).fill('open | confirmed'))
  expect(server.posts.length - before).toBeLessThanOrEqual(3)
})

function mostWithinAMinute(posts: readonly { readonly at: number }[]): number {
  return Math.max(...posts.map(({ at }) => posts.filter((other) => other.at >= at && other.at < at + minute).length))
}
