import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SimulatedClock, waitFor } from 'xstate'
import type { AuthClient, AuthClientOptions, ClerkState } from '../../adapters/browser/index.ts'
import { createSyncRuntime } from '../../adapters/browser/sync-runtime.ts'
import type { SyncError } from '../../machines/index.ts'
import { createBrowser } from './browser.ts'
import { mintToken, startServer } from './real-server.ts'

const ada = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const bob = { userId: 'user_bob', sessionId: 'sess_2', orgId: null, orgRole: null }
const signedOut: ClerkState = { isLoaded: true, isSignedIn: false, getToken: async () => null }
const signedIn = (identity: typeof ada): ClerkState => ({
  isLoaded: true,
  isSignedIn: true,
  ...identity,
  getToken: () => mintToken(identity),
})

/** Each attempt to load the code waits here for its outcome. */
let attempts: Attempt[] = []

interface Attempt {
  readonly resolve: (create: typeof createSyncRuntime) => void
  readonly reject: (error: Error) => void
}

vi.mock('../../adapters/browser/load-runtime.ts', () => ({
  getLoadedRuntime: () => null,
  loadRuntime: () => new Promise((resolve, reject) => attempts.push({ resolve, reject })),
  preloadAuthClient: async () => {},
}))
const { createAuthClient } = await import('../../adapters/browser/index.ts')

const cleanups: (() => unknown)[] = []
beforeEach(() => {
  attempts = []
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function open(options: AuthClientOptions = {}) {
  const server = await startServer()
  cleanups.push(() => server.close())
  const browser = createBrowser(server.origin)
  const clock = new SimulatedClock()
  const errors: SyncError[] = []
  const client = createAuthClient({
    fetch: browser.fetch,
    random: () => 1,
    clock,
    onError: (error) => errors.push(error),
    ...options,
  })
  cleanups.push(() => client.stop())
  return { browser, client, clock, errors }
}

const arrive = () => attempts.at(-1)?.resolve(createSyncRuntime)
const failOnce = async () => {
  attempts.at(-1)?.reject(new TypeError('Failed to fetch dynamically imported module'))
  await vi.waitFor(() => {})
}
const atRest = (client: AuthClient, session: 'confirmed' | 'signedOut') =>
  waitFor(client.actor, (snapshot) => snapshot.matches({ session }), { timeout: 10_000 })

describe('a client whose code is not loaded yet', () => {
  it('loads nothing before its start, and answers every read', async () => {
    const { client } = await open()
    expect(attempts).toHaveLength(0)
    expect([client.status, client.connection, client.error, client.isRenewing]).toEqual([
      'loading',
      'connecting',
      null,
      false,
    ])
    expect(client.view).toMatchObject({ state: 'unchecked', isSignedIn: false })
    const snapshot = client.actor.getSnapshot()
    expect(snapshot.matches({ stream: 'closed', session: 'waitingForClerk' })).toBe(true)
    expect(snapshot.matches({ session: 'confirmed' })).toBe(false)
    expect(snapshot.can({ type: 'client.stopped' })).toBe(false)
    expect(client.actor.getSnapshot()).toBe(snapshot)
  })

  it('posts the user who signed in meanwhile, and calls the subscribers of before', async () => {
    const { client, browser } = await open()
    const users: (string | null)[] = []
    const states = new Set<unknown>()
    client.onAuthChange(({ view }) => users.push(view.userId))
    client.actor.subscribe({ next: ({ value }) => states.add(value.session) })
    const checked = client.whenChecked()
    client.start()
    client.setIdentity(signedIn(ada))
    client.setIdentity(signedIn(ada))
    expect(browser.requests).toEqual([])
    arrive()
    await atRest(client, 'confirmed')
    expect(await checked).toMatchObject({ authChecked: true })
    expect(browser.posts()).toHaveLength(1)
    expect([users, client.status]).toEqual([[null, 'user_ada'], 'authenticated'])
    expect([...states]).toContain('posting')
    expect(client.actor.sessionId).toMatch(/^x:/)
  })

  it('ends the session of a user who signed out before the code arrived', async () => {
    const { client, browser } = await open()
    client.start()
    client.setIdentity(signedIn(ada))
    client.setIdentity(signedOut)
    arrive()
    await atRest(client, 'signedOut')
    await vi.waitFor(() => expect(browser.posts()).toMatchObject([{ type: 'session.cleared', sessionId: 'sess_1' }]))
    await vi.waitFor(() => expect(client.status).toBe('unauthenticated'))
  })

  it('sends nothing if it is stopped before the code arrives, and works after the next start', async () => {
    const { client, browser } = await open()
    client.start()
    client.setIdentity(signedIn(ada))
    client.stop()
    arrive()
    await vi.waitFor(() => {})
    expect(browser.requests).toEqual([])
    expect(client.actor.getSnapshot().matches({ stream: 'closed' })).toBe(true)
    client.start()
    expect(attempts).toHaveLength(2)
    arrive()
    await atRest(client, 'confirmed')
    expect(client.view.userId).toBe('user_ada')
  })

  it('does not show the view of one user to another', async () => {
    const now = Date.now()
    const { toUncheckedView } = await import('../../machines/index.ts')
    const initialView = {
      ...toUncheckedView(now),
      ...ada,
      channel: 'a.b',
      state: 'signedIn',
      isSignedIn: true,
      authChecked: true,
      expiresAt: now + 60_000,
    } as const
    const { client } = await open({ initialView })
    expect(client.status).toBe('authenticated')
    client.start()
    client.setIdentity(signedIn(bob))
    expect(client.status).toBe('loading')
    client.setIdentity(signedIn(ada))
    expect(client.status).toBe('authenticated')
  })
})

describe('code that cannot be loaded', () => {
  it('is tried again, is reported with its cause, and fails the page the third time until it is there', async () => {
    const { client, clock, errors, browser } = await open()
    const statuses: string[] = []
    client.subscribe(() => statuses.push(client.status))
    client.start()
    client.setIdentity(signedIn(ada))
    await failOnce()
    expect(client.error).toMatchObject({ code: 'client-not-loaded', retryable: true, remedy: /Load the page again/ })
    expect(errors).toMatchObject([{ code: 'client-not-loaded', cause: { message: /dynamically imported/ } }])
    expect(client.status).toBe('loading')
    for (const delay of [1_000, 2_000]) {
      clock.increment(delay - 1)
      const before = attempts.length
      clock.increment(1)
      expect(attempts).toHaveLength(before + 1)
      await failOnce()
    }
    expect([client.status, client.degraded?.code]).toEqual(['failed', 'client-not-loaded'])
    clock.increment(4_000)
    arrive()
    await atRest(client, 'confirmed')
    expect([client.status, client.error]).toEqual(['authenticated', null])
    expect(client.lastError).toBeNull()
    expect(browser.posts()).toHaveLength(1)
    expect(statuses).toContain('failed')
  })

  it('is tried at once on retry, but not while an attempt runs', async () => {
    const { client } = await open()
    client.start()
    client.retry()
    expect(attempts).toHaveLength(1)
    await failOnce()
    client.retry()
    expect(attempts).toHaveLength(2)
  })

  it('counts as a failure if it does not arrive within 10 s, and is used when it does', async () => {
    const { client, clock } = await open()
    client.start()
    clock.increment(9_999)
    expect(client.error).toBeNull()
    clock.increment(1)
    expect(client.error).toMatchObject({ code: 'client-not-loaded' })
    expect(client.status).toBe('failed')
    client.setIdentity(signedIn(ada))
    arrive()
    await atRest(client, 'confirmed')
    expect(client.status).toBe('authenticated')
  })

  it('leaves no timer behind after a stop', async () => {
    const { client, clock, errors } = await open()
    client.start()
    await failOnce()
    client.stop()
    clock.increment(60_000)
    expect(attempts).toHaveLength(1)
    expect([client.status, client.error, errors.length]).toEqual(['loading', null, 1])
  })
})
