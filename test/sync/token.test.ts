import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { BearerToken } from '../../machines/bearer-token.ts'
import { toError } from './model-server.ts'
import { ada, bob, createWorld, settle } from './world.ts'

const second = 1_000
const minute = 60 * second

describe('the token that the client requests', () => {
  it('Y4: is the cached one first', async () => {
    const { openTab } = createWorld()
    const tab = await openTab().start(ada)
    expect(tab.clerk.calls.map(({ skipCache }) => skipCache)).toEqual([false])
  })

  it('is a fresh one if the cached one was posted last', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.signOut('token-expired')
    await pass(5 * second)
    expect(tab.clerk.calls.map(({ skipCache }) => skipCache)).toEqual([false, false, true])
    expect(tab.state).toBe('open | confirmed')
  })

  it('is the cached one again for a server that has never seen it', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    server.restart()
    await pass(2 * second)
    expect(tab.clerk.mints).toBe(1)
    expect(server.posts).toHaveLength(2)
    expect(tab.state).toBe('open | confirmed')
  })

  it('is a fresh one after a refusal, 1 s later, then 2 s, then 4 s', async () => {
    const { server, openTab, pass, now } = createWorld()
    server.postFailure = toError('token-superseded')
    const start = now()
    const tab = await openTab().start(ada)
    await pass(7_500)
    expect(server.posts.map(({ at }) => at - start)).toEqual([0, 1_000, 3_000, 7_000])
    expect(tab.clerk.calls.map(({ skipCache }) => skipCache)).toEqual([false, true, true, true])
    server.postFailure = null
    await pass(10 * second)
    expect(tab.state).toBe('open | confirmed')
  })

  it("signs in again in the second after the tab's own sign-out, if it was issued in a later second", async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    tab.clerkSays(null)
    await settle()
    tab.clerkSays(ada)
    await pass(4 * second)
    expect(server.view).toMatchObject({ isSignedIn: true })
    expect(tab.state).toBe('open | confirmed')
  })

  it('is posted even if it is identical after a forced refresh, without a failure', async () => {
    const { server, openTab, pass } = createWorld()
    const tab = await openTab().start(ada)
    const same = await tab.clerk.getToken(false)
    tab.clerk.getToken = () => Promise.resolve(same)
    server.show({ state: 'unchecked', isSignedIn: false })
    await pass(2 * second)
    expect(server.posts).toHaveLength(2)
    expect(tab.state).toBe('open | confirmed')
  })

  it('is a fresh one, once, if the server answers with a view of another identity', async () => {
    const { server, openTab, pass } = createWorld()
    const a = await openTab('a').start({ ...ada, orgId: 'org_a' })
    await pass(3 * second)
    await openTab('b').start({ ...ada, orgId: 'org_b' })
    await pass(3 * second)
    const before = server.posts.length
    a.clerkSays(undefined)
    a.clerkSays({ ...ada, orgId: 'org_a' })
    a.focus()
    await settle()
    expect(server.view).toMatchObject({ orgId: 'org_a' })
    expect(server.posts).toHaveLength(before + 1)
    expect(a.clerk.mints).toBe(2)
  })

  it('is not sent again if another tab is newer', async () => {
    const { server, openTab, pass } = createWorld()
    await openTab('ahead').start({ ...ada, orgId: 'org_a' })
    const behind = openTab('behind')
    const getToken = behind.clerk.getToken.bind(behind.clerk)
    behind.clerk.getToken = async (skipCache) => {
      const token = JSON.parse((await getToken(skipCache)) ?? '') as { iat: number }
      return JSON.stringify({ ...token, iat: token.iat - 30 })
    }
    await behind.start({ ...ada, orgId: 'org_b' })
    await pass(20 * second)
    expect(behind.state).toBe('open | confirmed')
    expect(server.posts).toHaveLength(3)
    expect(server.view).toMatchObject({ orgId: 'org_a' })
  })
})

describe('a getToken without a token', () => {
  it.each(['null', 'throw', 'hang'] as const)(
    'Y5: that does %s is retried, then degraded, and never clears or signs out',
    async (mode) => {
      const { server, openTab, pass } = createWorld()
      const tab = await openTab().start(ada)
      tab.clerk.mode = mode
      await pass(4 * minute, 200)
      expect(tab.state).toBe('open | degraded')
      expect(tab.clerk.calls.length).toBeGreaterThanOrEqual(8)
      expect(server.posts.map(({ event }) => event.type)).toEqual(['token.received'])
      expect(tab.context.failure?.code).toBe(mode === 'hang' ? 'clerk-timeout' : 'clerk-no-token')
    },
  )

  it('is given up after 10 s if it hangs', async () => {
    const { openTab, pass } = createWorld()
    const tab = openTab()
    tab.clerk.mode = 'hang'
    await tab.start(ada)
    await pass(9_900)
    expect(tab.state).toBe('open | fetchingToken.requesting')
    await pass(200)
    expect(tab.state).toBe('open | retrying')
  })

  it('is followed by a call past the cache, because Clerk would return the same hanging promise', async () => {
    const { openTab, pass } = createWorld()
    const tab = openTab()
    const getToken = tab.clerk.getToken.bind(tab.clerk)
    tab.clerk.getToken = (skipCache) => (skipCache ? getToken(true) : new Promise(() => {}))
    await tab.start(ada)
    await pass(12 * second)
    expect(tab.state).toBe('open | confirmed')
  })

  it('leaves the server session alive until its own expiry', async () => {
    const { server, openTab, pass, now } = createWorld()
    const tab = await openTab().start(ada)
    const expiry = (server.view?.expiresAt ?? 0) + 60 * second - now()
    tab.clerk.mode = 'null'
    await pass(expiry - second, 200)
    expect(server.view).toMatchObject({ isSignedIn: true })
    await pass(2 * second)
    expect(server.view).toMatchObject({ state: 'signedOut', error: { code: 'token-expired' } })
    expect(server.posts).toHaveLength(1)
  })

  it.each([
    ['focus', (tab: { focus(): void }) => tab.focus()],
    ['online', (tab: { send(event: { type: 'network.online' }): void }) => tab.send({ type: 'network.online' })],
    ['a change at Clerk', (tab: { clerkSays(identity: typeof bob): void }) => tab.clerkSays(bob)],
  ])('Y7: %s re-arms what has given up', async (_, rearm) => {
    const { openTab, pass } = createWorld()
    const tab = openTab()
    tab.clerk.mode = 'null'
    await tab.start(ada)
    await pass(70 * second, 200)
    expect(tab.state).toBe('open | degraded')
    tab.clerk.mode = 'ok'
    rearm(tab)
    await settle()
    expect(tab.state).toBe('open | confirmed')
  })

  it('Y7: is retried on a reconnect too, and from time to time without any news', async () => {
    for (const isDropped of [true, false]) {
      const { server, openTab, pass } = createWorld()
      const tab = openTab()
      tab.clerk.mode = 'null'
      await tab.start(ada)
      await pass(35 * second, 200)
      expect(tab.state).toBe('open | degraded')
      const asked = tab.clerk.calls.length
      await pass(20 * second, 200)
      expect(tab.clerk.calls).toHaveLength(asked)
      tab.clerk.mode = 'ok'
      if (isDropped) server.drop()
      await pass(isDropped ? 2 * second : 60 * second, 200)
      expect(tab.state).toBe('open | confirmed')
    }
  })
})

it('Y6: a failed attempt does not count as done, and the next one posts again until the acknowledgement', async () => {
  const { server, openTab, pass } = createWorld()
  server.postFailure = toError('store-unavailable')
  const tab = await openTab().start(ada)
  expect(tab.context.settled).toBeNull()
  await pass(3 * second)
  expect(tab.context.settled).toBeNull()
  expect(server.posts.length).toBeGreaterThan(2)
  server.postFailure = null
  await pass(10 * second)
  expect(tab.state).toBe('open | confirmed')
  expect(tab.context.settled).not.toBeNull()
})

it('tokens are held only as BearerToken, so no snapshot shows their text', async () => {
  const { openTab } = createWorld()
  const tab = await openTab().start(ada)
  expect(tab.context.posted).toBeInstanceOf(BearerToken)
  const text = tab.context.posted?.reveal() ?? ''
  const shown = JSON.stringify(tab.actor.getPersistedSnapshot()) + inspect(tab.actor.getSnapshot(), { depth: 9 })
  expect(text).toContain('"jti"')
  expect(shown).not.toContain('jti')
  expect(shown).toContain('[token]')
})

describe("a refused token from Clerk's cache", () => {
  it('is followed by one fresh token, at once, if the refusal is permanent', async () => {
    const { server, openTab, pass } = createWorld()
    const { post } = server
    server.post = (event, signal) => {
      const isFirst = server.posts.length === 0
      server.postFailure = isFirst ? toError('token-claims') : null
      return post(event, signal)
    }
    const tab = await openTab().start(ada)
    await pass(100)
    expect(tab.clerk.calls.map(({ skipCache }) => skipCache)).toEqual([false, true])
    expect(tab.state).toBe('open | confirmed')
  })
})
