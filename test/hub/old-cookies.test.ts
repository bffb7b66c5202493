import { describe, expect, it, vi } from 'vitest'
import { retireFor } from '../../adapters/hub/cookies/cookie-index.ts'
import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import type { OpenSessionHub } from '../../adapters/hub/session-hub.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore, StoreChange } from '../../adapters/hub/store/session-store.ts'
import { AuthError, type VerifiedSession } from '../../machines/index.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startDeaf, startHub, toToken, turn } from './hub-harness.ts'

const ada = createProof()
const bob = createProof({ userId: 'user_bob', issuedAt: ada.issuedAt + 1_000 })
const rotated = { code: 'session-rotated' }

/** Who is read by a cookie: a user, null for nobody. */
async function read(hub: OpenSessionHub, cookieId: string | undefined): Promise<string | null> {
  return (await hub.find({ cookieIds: [cookieId ?? ''] }))?.view().userId ?? null
}

const post = (hub: OpenSessionHub, cookieId: string | undefined, proof: Partial<VerifiedSession>, tab = 'tab') =>
  hub.receive({ cookieIds: [cookieId ?? ''], token: toToken(proof), tab })

/**
 * Ada is signed in, and her browser got a cookie from each of two nodes. A third node knows only what the store has.
 */
async function startTwice() {
  const store = createMemorySessionStore({ clock: () => Date.now() })
  const [here, there, late] = [startHub({ store }), startHub({ store }), startHub({ store })]
  const browser = await here.open()
  const before = browser.cookie.id
  await browser.token(toToken(ada))
  const [one, two] = [browser.cookie.id, (await post(there.hub, before, ada)).cookieId]
  expect([await read(here.hub, one), await read(here.hub, two)]).toEqual([ada.userId, ada.userId])
  return { store, here: here.hub, there: there.hub, late: late.hub, browser, one, two }
}

describe('two cookies that lead to one session', () => {
  it.each(['at once', 'after a sign-out'])('the other one reads nothing when the user changes %s', async (when) => {
    const { here, there, late, browser, one, two } = await startTwice()
    if (when === 'after a sign-out') await browser.clear()
    const { cookieId, error } = await post(here, one, bob)
    expect(error).toBeNull()
    for (const node of [here, there, late]) {
      expect([await read(node, one), await read(node, two)]).toEqual([null, null])
      expect(await read(node, cookieId)).toBe(bob.userId)
    }
    await expect(here.open({ cookieIds: [two ?? ''], carried: [] })).rejects.toMatchObject(rotated)
    await vi.advanceTimersByTimeAsync(retireFor)
    for (const node of [here, there, late]) {
      expect(await read(node, two)).toBeNull()
      // This locks no browser out: once the cookie is forgotten, it counts as no cookie.
      expect((await node.open({ cookieIds: [two ?? ''], carried: [] })).cookieId).toBeDefined()
    }
  })

  it('a browser that kept the other one gets the new one for a token of the current user', async () => {
    const { here, there, one, two } = await startTwice()
    await post(here, one, bob)
    await expect(post(there, two, ada)).rejects.toMatchObject(rotated)
    const { cookieId, view } = await post(there, two, bob)
    expect(view.userId).toBe(bob.userId)
    expect([await read(here, cookieId), await read(there, cookieId)]).toEqual([bob.userId, bob.userId])
  })

  it('a node that learns of the new user before the new cookie shows him by none of the old ones', async () => {
    const { store, deaf, there, tell } = startDeaf()
    const heard: StoreChange[] = []
    const browser = await there.open()
    const before = browser.cookie.id
    await browser.token(toToken(ada))
    const one = browser.cookie.id
    const two = (await post(deaf.hub, before, ada)).cookieId
    expect(await read(deaf.hub, one)).toBe(ada.userId)
    store.watch((change) => void heard.push(change))
    const { cookieId } = await post(there.hub, one, bob)
    for (const change of heard.toSorted(({ type }) => (type === 'record' ? -1 : 1))) {
      tell(change)
      expect([await read(deaf.hub, one), await read(deaf.hub, two)]).toEqual([null, null])
    }
    expect(await read(deaf.hub, cookieId)).toBe(bob.userId)
  })

  it('a late message about an old cookie does not make it valid', async () => {
    const { store, deaf, there, rotations, tell } = startDeaf()
    const browser = await there.open()
    const before = browser.cookie.id
    await browser.token(toToken(ada))
    const late = startHub({ store }).hub
    const two = (await post(late, before, ada)).cookieId
    const news = rotations.at(-1)!
    const { cookieId } = await post(there.hub, browser.cookie.id, bob)
    expect(await read(deaf.hub, cookieId)).toBe(bob.userId)
    tell(news)
    expect(await read(deaf.hub, two)).toBeNull()
    expect(await read(deaf.hub, cookieId)).toBe(bob.userId)
  })
})

describe('two nodes that sign a browser in at the same moment', () => {
  it.each([
    ['the one first', false],
    ['the other first', true],
  ])('as another user: the cookies of both count on both, whatever they hear of %s', async (_, isReversed) => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const changes: StoreChange[] = []
    store.watch((change) => void changes.push(change))
    const watchers: ((change: StoreChange) => void)[] = []
    const startUntold = () =>
      startHub({ store: { ...store, watch: (listener) => (watchers.push(listener), () => {}) } })
    const [here, there] = [startUntold(), startUntold()]
    const browser = await here.open()
    await browser.token(toToken(ada))
    const { id: old } = browser.cookie
    expect(await read(there.hub, old)).toBe(ada.userId)
    changes.length = 0
    const answers = await Promise.all([post(here.hub, old, bob, 'one'), post(there.hub, old, bob, 'two')])
    for (const change of isReversed ? changes.toReversed() : changes) for (const tell of watchers) tell(change)
    for (const { cookieId, error } of answers) {
      expect(error).toBeNull()
      expect([await read(here.hub, cookieId), await read(there.hub, cookieId)]).toEqual([bob.userId, bob.userId])
    }
    expect([await read(here.hub, old), await read(there.hub, old)]).toEqual([null, null])
  })
})

describe('a node that knows a session by a retired cookie', () => {
  it('does not use it as the current one: the valid one is retired when the user changes', async () => {
    const { store, here, late, browser } = await startTwice()
    const { id: one } = browser.cookie
    const last = (await post(here, one, bob)).cookieId
    expect([await read(late, last), await read(late, one)]).toEqual([bob.userId, null])
    await post(late, last, createProof({ userId: 'user_eve', issuedAt: bob.issuedAt + 1_000 }))
    expect((await store.read(toDigest(last ?? '')))?.retired).toBe(true)
  })
})

/** Creates a store that delays one of its methods until the test lets it answer. */
function createSlowStore(method: 'write' | 'addTombstone') {
  const store = createMemorySessionStore({ clock: () => Date.now() })
  let letGo = () => {}
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  const call = store[method] as (...args: unknown[]) => Promise<unknown>
  const slow: SessionStore = {
    ...store,
    async [method](...args: unknown[]) {
      const done = await call(...args)
      await gate
      return done
    },
  }
  return { slow, letGo: () => letGo() }
}

describe('during a sign-in', () => {
  it('a stream that was requested with the old cookie gets neither the view nor the new cookie', async () => {
    const { hub, checks, open } = startHub({ held: true })
    const browser = await open()
    const cookieIds = [browser.cookie.id ?? '']
    const opening = hub.open({ cookieIds, tab: 'other', carried: [toToken(null)] })
    await turn()
    const posted = browser.token(toToken(ada))
    await turn()
    checks[1]?.settle()
    expect((await posted).view.userId).toBe(ada.userId)
    checks[0]?.settle()
    await expect(opening).rejects.toMatchObject(rotated)
  })

  it('a stream that is not attached yet ends before it shows anything', async () => {
    const { hub, open } = startHub()
    const browser = await open()
    const opened = await hub.open({ cookieIds: [browser.cookie.id ?? ''], tab: 'other', carried: [] })
    await browser.token(toToken(ada))
    const shown: string[] = []
    opened.attach({
      tab: 'other',
      isBehind: false,
      send: (frame) => shown.push(frame),
      end: (reason) => shown.push(reason),
      destroy() {},
    })
    expect(shown).toEqual(['rotated'])
  })

  it('a carried token that signs in gets its stream and its cookie', async () => {
    const { hub, open } = startHub()
    const browser = await open()
    const opened = await hub.open({ cookieIds: [browser.cookie.id ?? ''], tab: 'tab', carried: [toToken(ada)] })
    expect(await read(hub, opened.cookieId)).toBe(ada.userId)
    const shown: string[] = []
    opened.attach({ tab: 'tab', isBehind: false, send: (frame) => shown.push(frame), end() {}, destroy() {} })
    expect(JSON.parse(shown[0] ?? '')).toMatchObject({ userId: ada.userId })
  })

  it('a token that is refused after it was posted with the old cookie is not told the user', async () => {
    const { hub, checks, open } = startHub({ held: true })
    const browser = await open()
    const cookieIds = [browser.cookie.id ?? '']
    const posted = browser.token(toToken(ada))
    const refused = hub.receive({ cookieIds, token: toToken(null), tab: 'other' })
    const outcome = refused.catch((error: unknown) => error)
    for (let check = 0; check < 3; check += 1) {
      await turn()
      checks[check]?.settle()
    }
    expect((await posted).view.userId).toBe(ada.userId)
    // The error gives the reason and has no view.
    expect(await outcome).toMatchObject({ name: 'AuthError', code: 'token-signature' })
  })

  it('a post whose user is replaced before the answer is told neither the user nor the cookie', async () => {
    const { letGo, slow } = createSlowStore('write')
    const { hub, open } = startHub({ store: slow })
    const browser = await open()
    const { id: before } = browser.cookie
    const outcome = post(hub, before, ada, 'other').catch((error: unknown) => error)
    const posted = post(hub, before, bob)
    await turn()
    letGo()
    expect((await posted).view.userId).toBe(bob.userId)
    expect(await outcome).toMatchObject(rotated)
  })

  it('a sign-out with the old cookie is not told the user', async () => {
    const { letGo, slow } = createSlowStore('addTombstone')
    const { hub, open } = startHub({ store: slow })
    const browser = await open()
    await browser.token(toToken(ada))
    const cleared = browser.clear(ada.sessionId)
    await turn()
    const posted = post(hub, browser.cookie.id, bob)
    await turn()
    letGo()
    await expect(cleared).rejects.toMatchObject(rotated)
    expect((await posted).view.userId).toBe(bob.userId)
  })
})

describe('a node that finds another user in the store when it stores its own', () => {
  it('shows him neither to earlier streams nor to the post', async () => {
    const { deaf, there } = startDeaf()
    const browser = await deaf.open()
    await browser.token(toToken(ada))
    await post(there.hub, browser.cookie.id, createProof({ userId: bob.userId, issuedAt: ada.issuedAt + 5_000 }))
    const renewal = createProof({ issuedAt: ada.issuedAt + 2_000 })
    await expect(browser.token(toToken(renewal))).rejects.toMatchObject(rotated)
    await turn()
    expect(browser.stream.bye).toBe('rotated')
    expect(browser.views.some(({ userId }) => userId === bob.userId)).toBe(false)
  })
})

describe('a sign-in that had to wait for keys', () => {
  async function startWaiting(first: VerifiedSession | null, { holds = true } = {}) {
    let isDown = false
    const changes: string[] = []
    const { hub, open } = startHub({
      verify: async (token) => {
        if (isDown) throw new AuthError('keys-unavailable')
        const proof = JSON.parse(token.reveal()) as VerifiedSession | null
        if (!proof) throw new AuthError('token-signature')
        return proof
      },
    })
    hub.onAuthChange(({ reason, view }) => changes.push(`${reason} ${view.userId}`))
    const browser = await open()
    if (first) {
      await browser.token(toToken(first))
      await browser.clear()
    }
    const { id: before } = browser.cookie
    const setDown = (down: boolean) => void (isDown = down)
    async function retry() {
      isDown = false
      hub.retry()
      await vi.advanceTimersByTimeAsync(1_000)
      await turn()
    }
    const other = await open('other', before)
    if (holds) {
      setDown(true)
      await browser.token(toToken(ada))
      await retry()
    }
    return { hub, open, browser, other, before, changes, setDown, retry }
  }

  it.each([null, bob])('is read only by the cookie that its post was answered with: after %j', async (first) => {
    const { hub, browser, before, changes } = await startWaiting(first)
    expect(browser.cookie.id).not.toBe(before)
    expect([await read(hub, before), await read(hub, browser.cookie.id)]).toEqual([null, ada.userId])
    expect([browser.stream.bye, browser.views.at(-1)?.userId]).toEqual([null, ada.userId])
    expect(changes.at(-1)).toBe(`token ${ada.userId}`)
    await browser.token(toToken({ issuedAt: ada.issuedAt + 1_000 }))
    expect(await read(hub, browser.cookie.id)).toBe(ada.userId)
  })

  it('shows nobody to the streams of other tabs', async () => {
    const { browser, other } = await startWaiting(null)
    expect([browser.stream.bye, other.stream.bye]).toEqual([null, 'rotated'])
    expect(other.views.some(({ userId }) => userId !== null)).toBe(false)
  })

  it('is not read by a planted cookie that an attacker got for his own token', async () => {
    const { hub, open, browser, setDown, retry } = await startWaiting(null, { holds: false })
    setDown(true)
    const stranger = await open('stranger', browser.cookie.id)
    expect((await stranger.token(toToken(null))).error?.code).toBe('keys-unavailable')
    const planted = stranger.cookie.id
    const victim = await open('victim', planted)
    expect((await victim.token(toToken(ada))).error?.code).toBe('keys-unavailable')
    await retry()
    expect([await read(hub, planted), await read(hub, victim.cookie.id)]).toEqual([null, ada.userId])
    expect([stranger.stream.bye, victim.stream.bye]).toEqual(['rotated', null])
    expect(stranger.views.some(({ userId }) => userId !== null)).toBe(false)
  })

  it('leaves a tab that asks again its cookie', async () => {
    const { browser, setDown } = await startWaiting(null, { holds: false })
    setDown(true)
    await browser.token(toToken(ada))
    const { id } = browser.cookie
    await browser.token(toToken(ada))
    expect(browser.cookie.id).toBe(id)
  })

  it.each([null, bob])('gets its cookie with the next post, however late: after %j', async (first) => {
    const { hub, browser } = await startWaiting(first)
    await vi.advanceTimersByTimeAsync(40_000)
    await browser.token(toToken({ issuedAt: ada.issuedAt + 40_000 }))
    expect(await read(hub, browser.cookie.id)).toBe(ada.userId)
  })
})

describe('a cookie that was replaced while a token waited for keys', () => {
  it('reads nothing after the sign-in, neither while it is recognised nor later', async () => {
    const keys = { isThere: true }
    const { hub, open } = startHub({
      async verify(token) {
        if (!keys.isThere) throw new AuthError('keys-unavailable')
        return JSON.parse(token.reveal()) as VerifiedSession
      },
    })
    const browser = await open()
    const prove = () => toToken(createProof({ issuedAt: Math.floor(Date.now() / 1_000) * 1_000 }))
    await browser.token(prove())
    const before = browser.cookie.id
    expect(await read(hub, before)).toBe(ada.userId)
    // The session expires and is proven again while no keys can be fetched.
    await vi.advanceTimersByTimeAsync(130_000)
    expect(await read(hub, before)).toBeNull()
    keys.isThere = false
    expect(await browser.token(prove())).toMatchObject({ error: { code: 'keys-unavailable' } })
    keys.isThere = true
    hub.retry()
    await vi.advanceTimersByTimeAsync(3_000)
    expect((await browser.token(prove())).error).toBeNull()
    await turn()
    expect([await read(hub, before), await read(hub, browser.cookie.id)]).toEqual([null, ada.userId])
    await vi.advanceTimersByTimeAsync(retireFor)
    expect([await read(hub, before), await read(hub, browser.cookie.id)]).toEqual([null, ada.userId])
  })
})

describe('a cookie that was given up on one node while a token waited for keys', () => {
  it('reads nobody on another node between the sign-in and the next post', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const keys = { isThere: true }
    const here = startHub({
      store,
      async verify(token) {
        if (!keys.isThere) throw new AuthError('keys-unavailable')
        return JSON.parse(token.reveal()) as VerifiedSession
      },
    })
    const there = startHub({ store })
    const browser = await here.open()
    const prove = () => toToken(createProof({ issuedAt: Math.floor(Date.now() / 1_000) * 1_000 }))
    await browser.token(prove())
    const before = browser.cookie.id
    expect(await read(there.hub, before)).toBe(ada.userId)
    await browser.clear()
    await vi.advanceTimersByTimeAsync(2_000)
    keys.isThere = false
    expect(await browser.token(prove())).toMatchObject({ error: { code: 'keys-unavailable' } })
    keys.isThere = true
    here.hub.retry()
    await vi.advanceTimersByTimeAsync(3_000)
    await turn()
    expect(await read(here.hub, browser.cookie.id)).toBe(ada.userId)
    expect([await read(here.hub, before), await read(there.hub, before)]).toEqual([null, null])
    await vi.advanceTimersByTimeAsync(retireFor)
    expect(await read(there.hub, before)).toBeNull()
  })
})

describe('a browser that never got the new cookie', () => {
  it('is let in as a new session once the store has forgotten the old cookie, whichever node it asks meanwhile', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const [here, there] = [startHub({ store }), startHub({ store })]
    const browser = await here.open()
    const before = browser.cookie.id
    await browser.token(toToken(ada))
    await vi.advanceTimersByTimeAsync(retireFor - 1_500)
    await expect(post(there.hub, before, bob)).rejects.toMatchObject(rotated)
    await vi.advanceTimersByTimeAsync(2_500)
    expect(await post(there.hub, before, bob)).toMatchObject({ error: null, view: { userId: bob.userId } })
    expect(await read(here.hub, browser.cookie.id)).toBe(ada.userId)
  })
})
