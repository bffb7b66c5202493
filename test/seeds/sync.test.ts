// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { waitFor } from 'xstate'
import {
  createAuthClient,
  type AuthClientOptions,
  type AuthView,
  type ClerkState,
} from '../../adapters/browser/index.ts'
import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'
import { createBrowser } from '../client/browser.ts'
import { mintToken, startServer } from '../client/real-server.ts'

const ada: ClerkIdentity = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const bob: ClerkIdentity = { userId: 'user_bob', sessionId: 'sess_2', orgId: null, orgRole: null }
const noToken = () => Promise.resolve(null)
const loading: ClerkState = { isLoaded: false, getToken: noToken }
const signedOut: ClerkState = { isLoaded: true, isSignedIn: false, getToken: noToken }
const signedIn = (who: ClerkIdentity, getToken: ClerkState['getToken'] = () => mintToken(who)): ClerkState => ({
  isLoaded: true,
  isSignedIn: true,
  ...who,
  getToken,
})

let server: Awaited<ReturnType<typeof startServer>>
let browser: ReturnType<typeof createBrowser>
let client: ReturnType<typeof createAuthClient>
beforeEach(async () => {
  server = await startServer()
  browser = createBrowser(server.origin)
})
afterEach(async () => {
  client.stop()
  await server.close()
})

/** Opens a tab with the real client on the real server. Without jitter, a retry comes at once. */
function openTab(clerk: ClerkState, options: AuthClientOptions = {}) {
  client = createAuthClient({ fetch: browser.fetch, random: () => 0, ...options })
  client.setIdentity(clerk)
  client.start()
  return client
}
const until = (predicate: (view: AuthView) => boolean) =>
  waitFor(client.actor, () => predicate(client.view), { timeout: 10_000 })
const atRest = (session: 'confirmed' | 'signedOut' | 'degraded') =>
  waitFor(client.actor, (snapshot) => snapshot.matches({ stream: 'open', session }), { timeout: 10_000 })
const types = () => browser.posts().map(({ type }) => type)

it('Y1 a Clerk that loads late is noticed, and so is a reconnect', async () => {
  openTab(loading)
  await waitFor(client.actor, (snapshot) => snapshot.matches({ stream: 'open' }), { timeout: 10_000 })
  expect(types()).toEqual([])
  client.setIdentity(signedIn(ada))
  await atRest('confirmed')
  await server.restart()
  expect(server.auth.stats().signedIn).toBe(0)
  await waitFor(client.actor, () => server.auth.stats().signedIn === 1, { timeout: 10_000 })
  await atRest('confirmed')
  expect(types()).toEqual(['token.received', 'token.received'])
})

it('Y2 signed in sends the token, signed out the clear, and the server acknowledges each', async () => {
  openTab(signedIn(ada))
  await atRest('confirmed')
  expect(client.view).toMatchObject({ state: 'signedIn', userId: 'user_ada' })
  client.setIdentity(signedOut)
  await atRest('signedOut')
  expect(client.view).toMatchObject({ state: 'signedOut', authChecked: true, userId: null })
  expect(types()).toEqual(['token.received', 'session.cleared'])
})

it('Y3 an acknowledged identity is not sent twice, but another account, Clerk session or organization always is', async () => {
  openTab(signedIn(ada))
  await atRest('confirmed')
  for (let render = 0; render < 5; render += 1) client.setIdentity(signedIn(ada))
  client.retry()
  expect(types()).toHaveLength(1)
  const others = [{ ...ada, orgId: 'org_1' }, { ...ada, sessionId: 'sess_9', orgId: null }, bob]
  for (const who of others) {
    client.setIdentity(signedIn(who))
    await until(
      ({ userId, sessionId, orgId }) => userId === who.userId && sessionId === who.sessionId && orgId === who.orgId,
    )
    await atRest('confirmed')
  }
  expect(types()).toHaveLength(4)
  expect(types()).not.toContain('session.cleared')
})

it('Y4 the cached token goes first, and a fresh one only after a refusal: a mount mints nothing', async () => {
  const wishes: boolean[] = []
  const stale = await mintToken(ada, { iat: Math.floor(Date.now() / 1000) - 600 })
  openTab(
    signedIn(ada, async (options) => {
      wishes.push(options?.skipCache ?? false)
      return options?.skipCache ? mintToken(ada) : stale
    }),
  )
  await atRest('confirmed')
  expect(wishes).toEqual([false, true])
  client.stop()
  wishes.length = 0
  openTab(signedIn(ada, async (options) => (wishes.push(options?.skipCache ?? false), mintToken(ada))))
  await atRest('confirmed')
  expect(wishes).not.toContain(true)
})

it.each<[string, ClerkState['getToken']]>([
  ['gives null', noToken],
  ['throws', () => Promise.reject(new Error('clerk: 503'))],
  ['hangs', () => new Promise(() => {})],
])('Y5 a getToken that %s ends in degraded, not in a hang nor in a sign-out', async (_, getToken) => {
  openTab(signedIn(ada), { tokenTimeout: 20, retries: 3 })
  await atRest('confirmed')
  // This is another organization, so a token is due while the server still holds the proof of the last one.
  client.setIdentity(signedIn({ ...ada, orgId: 'org_1' }, getToken))
  await atRest('degraded')
  expect(types()).toEqual(['token.received'])
  expect(client.view).toMatchObject({ isSignedIn: true, userId: 'user_ada' })
  expect(server.auth.stats().signedIn).toBe(1)
})

it('Y6 a failure never counts as done, and is repeated until the acknowledgement', async () => {
  let failures = 3
  const flaky: typeof globalThis.fetch = (input, init) => {
    if (init?.method === 'POST' && failures > 0) {
      failures -= 1
      return Promise.reject(new TypeError('network'))
    }
    return browser.fetch(input, init)
  }
  openTab(signedIn(ada), { fetch: flaky })
  await atRest('confirmed')
  expect([failures, types()]).toEqual([0, ['token.received']])
  failures = 2
  client.setIdentity(signedOut)
  await atRest('signedOut')
  expect([failures, server.auth.stats().signedIn]).toEqual([0, 0])
})

it('Y7 a short failure is retried before the client gives up', async () => {
  let hiccups = 3
  openTab(signedIn(ada, () => (hiccups-- > 0 ? noToken() : mintToken(ada))))
  await atRest('confirmed')
  expect([client.view.isSignedIn, types()]).toEqual([true, ['token.received']])
})

it('Y7 a client that gave up tries again on focus, and on a reconnect', async () => {
  for (const rearm of [async () => client.retry(), () => server.restart()]) {
    let isDown = true
    openTab(
      signedIn(ada, () => (isDown ? noToken() : mintToken(ada))),
      { retries: 2 },
    )
    await atRest('degraded')
    isDown = false
    await rearm()
    await atRest('confirmed')
    expect(client.view.isSignedIn).toBe(true)
    client.stop()
    browser.forgetCookies()
  }
})
