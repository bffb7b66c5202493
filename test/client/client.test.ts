// oxlint-disable-next-line import/no-unassigned-import -- it loads the code of the client before a test begins
import '../preload-client.ts'
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SimulatedClock, waitFor } from 'xstate'
import {
  createAuthClient,
  type AuthClient,
  type AuthClientOptions,
  type AuthView,
  type ClerkState,
} from '../../adapters/browser/index.ts'
import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'
import { createBrowser } from './browser.ts'
import { mintToken, startServer } from './real-server.ts'

const ada: ClerkIdentity = { userId: 'user_ada', sessionId: 'sess_1', orgId: null, orgRole: null }
const bob: ClerkIdentity = { userId: 'user_bob', sessionId: 'sess_2', orgId: null, orgRole: null }
const signedOut = { isLoaded: true, isSignedIn: false, getToken: () => Promise.resolve(null) }

function signedIn(identity: ClerkIdentity, getToken: ClerkState['getToken'] = () => mintToken(identity)): ClerkState {
  return { isLoaded: true, isSignedIn: true, ...identity, getToken }
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function open(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(options)
  cleanups.push(() => server.close())
  return { server, browser: createBrowser(server.origin) }
}

function start(browser: ReturnType<typeof createBrowser>, options: AuthClientOptions = {}) {
  const client = createAuthClient({ fetch: browser.fetch, random: () => 0, ...options })
  cleanups.push(() => client.stop())
  client.start()
  return client
}

const until = async (client: AuthClient, predicate: (view: AuthView) => boolean) => {
  await waitFor(client.actor, () => predicate(client.view), { timeout: 10_000 })
  return client.view
}
const atRest = (client: AuthClient, session: 'confirmed' | 'signedOut' | 'degraded') =>
  waitFor(client.actor, (snapshot) => snapshot.matches({ session }), { timeout: 10_000 })

/** Provides the Web Locks API, which Node 20 lacks: exclusive locks in the order of the requests. */
function provideLocks() {
  let last: Promise<unknown> = Promise.resolve()
  const request = (_: string, run: () => Promise<void>) => (last = last.then(run))
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', { value: { locks: { request } }, configurable: true })
  return () => Object.defineProperty(globalThis, 'navigator', before ?? { value: undefined, configurable: true })
}

describe('the client on a real server', () => {
  it('gets in on a server full of anonymous streams, by a post before its stream', async () => {
    const { server, browser } = await open({ limits: { sessions: 2 } })
    const strangers = [createBrowser(server.origin), createBrowser(server.origin)].map((each) => start(each))
    for (const { actor } of strangers) {
      await waitFor(actor, ({ context }) => context.view.channel !== '', { timeout: 10_000 })
    }
    const client = start(browser)
    await waitFor(client.actor, ({ context }) => context.streamFailure?.code === 'at-capacity', { timeout: 10_000 })
    client.setIdentity(signedIn(ada))
    expect(await until(client, ({ isSignedIn }) => isSignedIn)).toMatchObject({ userId: 'user_ada' })
    expect(browser.requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
    expect(server.auth.stats()).toMatchObject({ sessions: 2, signedIn: 1, streams: 1 })
  })

  it('goes from unchecked over signedIn to signedOut as the server says', async () => {
    const { browser } = await open()
    const client = start(browser)
    expect(client.view).toMatchObject({ state: 'unchecked', isSignedIn: false })
    expect(client.status).toBe('loading')
    const changes: string[] = []
    client.onAuthChange(({ view, previous }) => changes.push(`${previous && previous.userId} → ${view.userId}`))

    client.setIdentity(signedIn(ada))
    const view = await until(client, ({ isSignedIn }) => isSignedIn)
    expect(view).toMatchObject({ state: 'signedIn', userId: 'user_ada', sessionId: 'sess_1', authChecked: true })
    expect(view.claims).toMatchObject({ sub: 'user_ada', sts: 'active' })
    await atRest(client, 'confirmed')
    expect(client.status).toBe('authenticated')

    client.setIdentity(signedOut)
    await until(client, ({ state }) => state === 'signedOut')
    await atRest(client, 'signedOut')
    expect(client.status).toBe('unauthenticated')
    expect(changes).toEqual(['null → null', 'null → user_ada', 'user_ada → null'])
    expect(browser.posts()).toMatchObject([
      { type: 'token.received', seq: 1 },
      { type: 'session.cleared', seq: 2, sessionId: 'sess_1' },
    ])
  })

  it('shows an account switch as one change that never mixes the accounts', async () => {
    const { browser } = await open()
    const client = start(browser)
    const seen = new Set<string>()
    client.subscribe(({ userId, sessionId, isSignedIn }) => seen.add([userId, sessionId, isSignedIn].join()))
    client.setIdentity(signedIn(ada))
    await until(client, ({ userId }) => userId === 'user_ada')
    client.setIdentity(signedIn(bob))
    await until(client, ({ userId }) => userId === 'user_bob')
    await atRest(client, 'confirmed')
    seen.delete(',,false')
    expect([...seen]).toEqual(['user_ada,sess_1,true', 'user_bob,sess_2,true'])
  })

  it('tabs of one browser share the session: a second one sees sign-in and sign-out without a post of its own', async () => {
    const { server, browser } = await open()
    const first = start(browser)
    await until(first, ({ channel }) => channel !== '')
    const second = start(browser)
    first.setIdentity(signedIn(ada))
    await until(second, ({ isSignedIn }) => isSignedIn)
    first.setIdentity(signedOut)
    await until(second, ({ state }) => state === 'signedOut')
    expect(browser.posts()).toHaveLength(2)
    expect(first.view.channel).toBe(second.view.channel)
    expect(server.auth.stats().sessions).toBe(1)
  })

  it('tabs that connect together take turns and share one session', async () => {
    const { server, browser } = await open()
    cleanups.push(provideLocks())
    const tabs = [start(browser), start(browser), start(browser)]
    for (const tab of tabs) tab.setIdentity(signedIn(ada))
    for (const tab of tabs) await until(tab, ({ isSignedIn }) => isSignedIn)
    for (const tab of tabs) await atRest(tab, 'confirmed')
    expect(new Set(tabs.map(({ view }) => view.channel)).size).toBe(1)
    expect(server.auth.stats().sessions).toBe(1)
  })

  it('tabs that got a session each without locks share one after the next post', async () => {
    const { browser } = await open()
    const first = start(browser)
    await until(first, ({ channel }) => channel !== '')
    browser.forgetCookies()
    const second = start(browser)
    await until(second, ({ channel }) => channel !== '')
    expect(first.view.channel).not.toBe(second.view.channel)
    first.setIdentity(signedIn(ada))
    await until(first, ({ channel }) => channel === second.view.channel)
    await until(second, ({ isSignedIn }) => isSignedIn)
    await atRest(first, 'confirmed')
    expect(browser.posts()).toHaveLength(1)
  })

  it('recovers by itself when the server restarts with an empty memory', async () => {
    const { server, browser } = await open()
    const client = start(browser)
    client.setIdentity(signedIn(ada))
    const before = await until(client, ({ isSignedIn }) => isSignedIn)
    await server.restart()
    const after = await until(client, ({ isSignedIn, channel }) => isSignedIn && channel !== before.channel)
    expect(after).toMatchObject({ userId: 'user_ada' })
    await atRest(client, 'confirmed')
    expect(client.status).toBe('authenticated')
  })

  it('shows no account of an earlier cookie, even if the stream that was asked for with it answers late', async () => {
    const { browser } = await open()
    const clock = new SimulatedClock()
    let isHeld = false
    let release: ((_: void) => void) | null = null
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await browser.fetch(input, init)
      const isStream = new Headers(init?.headers).get('accept') === 'text/event-stream'
      if (isStream && isHeld) await new Promise<void>((resolve) => (release = resolve))
      return response
    }
    const client = start(browser, { fetch, clock })
    client.setIdentity(signedIn(ada))
    await until(client, ({ userId }) => userId === 'user_ada')
    await atRest(client, 'confirmed')

    isHeld = true
    client.actor.send({ type: 'network.online' })
    await vi.waitFor(() => expect(release).not.toBeNull(), { timeout: 10_000 })
    // Another tab signs in under another cookie.
    browser.forgetCookies()
    const other = start(browser)
    other.setIdentity(signedIn(bob))
    await atRest(other, 'confirmed')
    client.setIdentity(signedIn(bob))
    clock.increment(3_000)
    await until(client, ({ userId }) => userId === 'user_bob')
    await atRest(client, 'confirmed')
    const users = new Set<string | null>()
    client.subscribe(({ userId }) => users.add(userId))
    isHeld = false
    release!()
    await waitFor(
      client.actor,
      ({ context, value }) => value.stream === 'open' && context.channel === client.view.channel,
    )
    await atRest(client, 'confirmed')
    expect(client.view).toMatchObject({ userId: 'user_bob' })
    expect([...users]).not.toContain('user_ada')
  })

  it('stops at a 403, gives the reason, and says failed instead of signed out', async () => {
    const { server } = await open()
    const errors: string[] = []
    const browser = createBrowser(server.origin, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
    const client = start(browser, { onError: ({ code }) => errors.push(code) })
    client.setIdentity(signedIn(ada))
    await atRest(client, 'degraded')
    expect(client.actor.getSnapshot().matches({ stream: 'closed' })).toBe(true)
    expect(client.status).toBe('failed')
    expect(errors).toEqual(['origin-rejected'])
    expect(browser.requests).toHaveLength(1)
  })

  it('retries after an answer that is not from an auth server', async () => {
    const { browser } = await open()
    const errors: string[] = []
    const html = async () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
    const client = start({ ...browser, fetch: html }, { onError: ({ code }) => errors.push(code) })
    await waitFor(client.actor, (snapshot) => snapshot.matches({ stream: 'backoff' }))
    client.stop()
    expect(errors).toEqual(['answer-malformed'])
  })

  it('posts the old token in vain after a sign-out, and asks Clerk for a later one', async () => {
    const { browser } = await open()
    const client = start(browser)
    const old = await mintToken(ada)
    client.setIdentity(signedIn(ada, () => Promise.resolve(old)))
    await atRest(client, 'confirmed')
    client.setIdentity(signedOut)
    await atRest(client, 'signedOut')
    const wishes: unknown[] = []
    client.setIdentity(
      signedIn(ada, (wish) => {
        wishes.push(wish)
        return wish?.skipCache ? mintToken(ada, { iat: Math.floor(Date.now() / 1000) + 2 }) : Promise.resolve(old)
      }),
    )
    await until(client, ({ isSignedIn }) => isSignedIn)
    expect(wishes.slice(0, 2)).toEqual([undefined, { skipCache: true }])
  })

  it("is quiet after stop, and starts again with Clerk's latest state", async () => {
    const { server, browser } = await open()
    const client = start(browser)
    await until(client, ({ channel }) => channel !== '')
    client.stop()
    client.setIdentity(signedIn(ada))
    expect(client.actor.getSnapshot().value).toEqual({ poll: 'off', stream: 'closed', session: 'waitingForClerk' })
    client.start()
    client.start()
    await until(client, ({ isSignedIn }) => isSignedIn)
    expect(browser.streams()).toBe(2)
    expect(server.auth.stats().sessions).toBe(1)
  })
})

describe('a client never', () => {
  it('crashes because of an inspector that throws', async () => {
    const { browser } = await open()
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const client = start(browser, {
      inspect() {
        throw new Error('an inspector failed')
      },
    })
    client.setIdentity(signedOut)
    await atRest(client, 'signedOut')
    client.stop()
    expect(report).toHaveBeenCalled()
    report.mockRestore()
  })

  it('shows a raw token to the inspector, in a snapshot, a view or an error', async () => {
    const { browser } = await open()
    const shown: string[] = []
    const look = (value: unknown) => shown.push(inspect(value, { depth: 6 }))
    const tokens: string[] = []
    const client = start(browser, {
      onError: look,
      inspect(event) {
        look('event' in event ? event.event : event.type)
        if ('snapshot' in event && 'context' in event.snapshot) look(event.snapshot.context)
        shown.push(JSON.stringify('event' in event ? event.event : null))
      },
    })
    client.setIdentity(
      signedIn(ada, async () => {
        const token = await mintToken(ada)
        tokens.push(token)
        return token
      }),
    )
    await atRest(client, 'confirmed')
    look(client.actor.getSnapshot().context)
    look(client.view)
    shown.push(JSON.stringify(client.actor.getPersistedSnapshot()))
    const all = shown.join('\n')
    expect(tokens.length).toBeGreaterThan(0)
    for (const token of tokens) for (const part of token.split('.')) expect(all).not.toContain(part)
    expect(all).toContain('[token]')
  })

  it('lets one listener that throws affect another', async () => {
    const { browser } = await open()
    const client = start(browser)
    const reported: unknown[] = []
    const { error } = console
    console.error = (thrown: unknown) => reported.push(thrown)
    cleanups.push(() => (console.error = error))
    const seen: (string | null)[] = []
    client.onAuthChange(() => {
      throw new Error('mine')
    })
    client.onAuthChange(({ view }) => seen.push(view.userId))
    client.setIdentity(signedIn(ada))
    await until(client, ({ isSignedIn }) => isSignedIn)
    expect(seen).toEqual([null, 'user_ada'])
    expect(reported).toHaveLength(2)
  })

  it('calls a listener that unsubscribed, by function or by signal', async () => {
    const { browser } = await open()
    const client = start(browser)
    const calls: string[] = []
    const controller = new AbortController()
    const stop = client.onAuthChange(() => calls.push('function'))
    client.onAuthChange(() => calls.push('signal'), { signal: controller.signal })
    client.onAuthChange(() => calls.push('aborted'), { signal: AbortSignal.abort() })
    stop()
    controller.abort()
    client.setIdentity(signedIn(ada))
    await until(client, ({ isSignedIn }) => isSignedIn)
    expect(calls).toEqual(['function', 'signal'])
  })

  it('says signed in past the expiry and the tolerance, even if the server cannot be reached', async () => {
    const { browser } = await open()
    let ahead = 0
    const client = start(browser, { now: () => Date.now() + ahead })
    client.setIdentity(signedIn(ada))
    const { expiresAt } = await until(client, ({ isSignedIn }) => isSignedIn)
    const { offset } = client.actor.getSnapshot().context
    ahead = (expiresAt ?? 0) + 59_000 - Date.now() - offset
    expect(client.view.isSignedIn).toBe(true)
    ahead += 2_000
    const nobody = { state: 'unchecked', authChecked: false, isSignedIn: false, userId: null, sessionId: null }
    expect(client.view).toMatchObject({ ...nobody, claims: null, expiresAt: null })
    expect(client.view).toBe(client.view)
    expect(client.status).not.toBe('unauthenticated')
  })

  it('says why the server refuses, although a proxy replaces the pages of errors', async () => {
    const { browser } = await open({ claims: { authorizedParties: ['https://other.example.test'] } })
    const fetch: typeof globalThis.fetch = async (...request) => {
      const answer = await browser.fetch(...request)
      return answer.ok ? answer : new Response('<h1>Unauthorized</h1>', { status: answer.status })
    }
    const client = start(browser, { fetch, retries: 1 })
    client.setIdentity(signedIn(ada))
    await atRest(client, 'degraded')
    expect(client.status).toBe('failed')
    expect(client.error).toMatchObject({
      code: 'token-claims',
      message: expect.stringContaining('azp'),
      remedy: 'Give the server the authorizedParties and the Clerk keys of the page.',
    })
  })

  it('leaves a page showing a signed-in user if the server refuses the stream', async () => {
    const { browser } = await open()
    const clock = new SimulatedClock()
    const began = Date.now()
    const now = () => began + clock.now()
    let isRefused = false
    const refusal = () =>
      Response.json(
        { code: 'not-found', retryable: false },
        { status: 404, headers: { 'content-type': 'application/problem+json' } },
      )
    const fetch: typeof globalThis.fetch = (...request) =>
      isRefused ? Promise.resolve(refusal()) : browser.fetch(...request)
    const client = start(browser, { fetch, clock, now })
    const views: (string | null)[] = []
    const changes: (string | null)[] = []
    client.subscribe(({ userId }) => views.push(userId))
    client.onAuthChange(({ view }) => changes.push(view.userId))
    client.setIdentity(signedIn(ada))
    const { expiresAt } = await until(client, ({ isSignedIn }) => isSignedIn)
    await atRest(client, 'confirmed')

    isRefused = true
    client.actor.send({ type: 'stream.ended', reason: 'closing' })
    clock.increment(1_000)
    await waitFor(client.actor, (snapshot) => snapshot.matches({ stream: 'closed' }))
    clock.increment((expiresAt ?? 0) + 60_000 - client.actor.getSnapshot().context.offset - now() - 1)
    expect([views.at(-1), changes, client.status]).toEqual(['user_ada', [null, 'user_ada'], 'authenticated'])
    clock.increment(1)
    expect([views.at(-1), changes, client.status]).toEqual([null, [null, 'user_ada', null], 'failed'])
    expect(await client.whenChecked({ timeout: 0 })).toMatchObject({ timedOut: true, authChecked: false })
  })

  it('keeps a listener on a signal after its subscription has ended', async () => {
    const client = createAuthClient()
    const { signal } = new AbortController()
    for (let round = 0; round < 20; round += 1) client.onAuthChange(() => {}, { signal })()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('starts a timer before the start, or while a page is rendered on a server', () => {
    const clock = new SimulatedClock()
    const armed = vi.spyOn(clock, 'setTimeout')
    const initialView = { ...createAuthClient().view, isSignedIn: true, expiresAt: Date.now() + 60_000 }
    const client = createAuthClient({ initialView, clock })
    client.setIdentity(signedIn(ada))
    expect(client.view).toBe(initialView)
    expect(armed).not.toHaveBeenCalled()
  })

  it('treats a retry as focus', async () => {
    const { browser } = await open()
    let isDown = true
    const client = start(browser, { retries: 0 })
    client.setIdentity(signedIn(ada, () => (isDown ? Promise.resolve(null) : mintToken(ada))))
    await atRest(client, 'degraded')
    isDown = false
    client.retry()
    await atRest(client, 'confirmed')
    const { isFocused, epoch } = client.actor.getSnapshot().context
    client.retry()
    expect(client.actor.getSnapshot().context).toMatchObject({ isFocused: false, epoch })
    expect(isFocused).toBe(false)
    expect(browser.posts()).toHaveLength(1)
  })
})

describe('whenChecked', () => {
  it('resolves on the verdict, and at once if there is one', async () => {
    const { browser } = await open()
    const client = start(browser)
    const waiting = client.whenChecked({ timeout: 10_000 })
    client.setIdentity(signedIn(ada))
    expect(await waiting).toMatchObject({ authChecked: true, timedOut: false, userId: 'user_ada' })
    expect(await client.whenChecked({ timeout: 0 })).toMatchObject({ timedOut: false, userId: 'user_ada' })
  })

  it('resolves with timedOut when the time has passed, and rejects with the reason of its signal', async () => {
    const client = createAuthClient()
    expect(await client.whenChecked({ timeout: 1 })).toMatchObject({ timedOut: true, authChecked: false })
    const reason = new Error('left')
    await expect(client.whenChecked({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const waiting = client.whenChecked({ signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})

describe('options', () => {
  it.each([
    [{ basePath: 'auth' }, 'basePath'],
    [{ basePath: '/auth?x' }, 'basePath'],
    [{ url: 'ftp://example.com/auth' }, 'url'],
    [{ url: '/auth' }, 'url'],
    [{ url: 'https://example.com/auth', basePath: '/auth' }, 'url'],
    [{ tokenTimeout: -1 }, 'tokenTimeout'],
    [{ retries: Number.NaN }, 'retries'],
  ] as [AuthClientOptions, string][])('%o are refused by name', (options, name) => {
    expect(() => createAuthClient(options)).toThrow(new RegExp(`^createAuthClient: ${name} must be `))
    expect(() => createAuthClient(options)).toThrow(TypeError)
  })

  it('a view from server rendering is there before any frame', () => {
    const initialView = { ...createAuthClient().view, channel: 'c', state: 'signedOut' as const, authChecked: true }
    expect(createAuthClient({ initialView }).view).toBe(initialView)
  })
})

it('posts in browsers whose signals lack throwIfAborted', async () => {
  const { throwIfAborted } = AbortSignal.prototype
  Reflect.deleteProperty(AbortSignal.prototype, 'throwIfAborted')
  cleanups.push(() => Object.assign(AbortSignal.prototype, { throwIfAborted }))
  const { browser } = await open()
  const client = start(browser)
  client.setIdentity(signedIn(ada))
  expect(await until(client, ({ isSignedIn }) => isSignedIn)).toMatchObject({ userId: 'user_ada' })
})

describe('a client that is created while a framework renders ahead of time', () => {
  it('uses neither the clock nor randomness before it is started', () => {
    const forbidden = () => {
      throw new Error('not while rendering')
    }
    vi.spyOn(Math, 'random').mockImplementation(forbidden)
    vi.spyOn(Date, 'now').mockImplementation(forbidden)
    vi.spyOn(crypto, 'getRandomValues').mockImplementation(forbidden)
    cleanups.push(() => vi.restoreAllMocks())
    const client = createAuthClient()
    expect(client.view.state).toBe('unchecked')
    expect(client.status).toBe('loading')
    expect(client.connection).toBe('connecting')
  })

  it('has its own label if the Web Crypto API throws', async () => {
    const { browser, server } = await open()
    vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => {
      throw new Error('no')
    })
    const client = start(browser)
    vi.restoreAllMocks()
    expect(client.actor.getSnapshot().context.tab).toMatch(/^\w{6,64}$/)
    client.setIdentity(signedIn(ada))
    await until(client, ({ isSignedIn }) => isSignedIn)
    expect(server).toBeDefined()
  })
})
