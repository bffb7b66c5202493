import { describe, expect, it, vi } from 'vitest'
import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import type { OpenSessionHub } from '../../adapters/hub/session-hub.ts'
import type { ServerAuthChange } from '../../adapters/hub/session/auth-changes.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startDeaf, startHub, toToken, turn, usualLimits } from './hub-harness.ts'

/** How long a signed-in session waits for the first request with its cookie, ms. */
const claimGrace = 30_000
const createStore = () => createMemorySessionStore({ clock: () => Date.now() })
const ada = createProof()

/** Starts two nodes on one store. The tests move its clock. */
function startTwo() {
  const options = { store: createStore(), clock: () => Date.now() }
  return { store: options.store, here: startHub(options).hub, there: startHub(options).hub }
}

/**
 * Signs a browser in that sent no cookie.
 *
 * @returns the cookie that the browser got
 */
async function signIn(hub: OpenSessionHub, proof = ada): Promise<string> {
  const { view, cookieId = '' } = await hub.receive({ cookieIds: [], tab: 'tab', token: toToken(proof) })
  expect(view.isSignedIn).toBe(true)
  return cookieId
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const userOf = async (hub: OpenSessionHub, cookieId: string) =>
  (await hub.find({ cookieIds: [cookieId] }))?.view().userId

describe('a session whose cookie no request has brought yet', () => {
  it('is removed after 30 s, and its record too', async () => {
    const store = createStore()
    const { hub } = startHub({ store })
    const cookieId = await signIn(hub)
    await pass(claimGrace - 1)
    expect(hub.stats()).toMatchObject({ sessions: 1, signedIn: 1 })
    expect(await store.read(toDigest(cookieId))).toMatchObject({ record: { status: 'signedIn' } })
    await pass(1)
    expect(hub.stats()).toEqual({ sessions: 0, signedIn: 0, streams: 0 })
    expect(await store.read(toDigest(cookieId))).toBeNull()
    expect(await userOf(hub, cookieId)).toBeUndefined()
  })

  it('does not accumulate, however often a browser without cookies tries', async () => {
    const { hub } = startHub()
    for (let second = 0; second < 120; second += 1) {
      await signIn(hub)
      await pass(1_000)
    }
    expect(hub.stats().sessions).toBeLessThanOrEqual(30)
    await pass(claimGrace)
    expect(hub.stats().sessions).toBe(0)
  })

  it('is reported to listeners as expired when it ends', async () => {
    const { hub } = startHub()
    const changes: ServerAuthChange[] = []
    hub.onAuthChange((change) => void changes.push(change))
    await signIn(hub)
    await pass(claimGrace)
    expect(changes.map(({ view, previous, reason }) => [reason, previous.userId, view.userId, view.state])).toEqual([
      ['token', null, ada.userId, 'signedIn'],
      ['expired', ada.userId, null, 'unchecked'],
    ])
    expect(changes[1]!.view.channel).toBe(changes[0]!.view.channel)
  })

  it.each<[string, (hub: OpenSessionHub, cookieId: string) => unknown]>([
    ['a look', (hub, cookieId) => hub.find({ cookieIds: [cookieId] })],
    ['a signal', (hub, cookieId) => hub.signal({ cookieIds: [cookieId] })],
    ['a renewal', (hub, cookieId) => hub.receive({ cookieIds: [cookieId], tab: 'tab', token: toToken(ada) })],
    ['a guarded request', (hub, cookieId) => hub.admit({ cookieIds: [cookieId], carried: () => [], timeout: 0 })],
    ['a stream', (hub, cookieId) => hub.open({ cookieIds: [cookieId], carried: [] })],
  ])('becomes like any other by %s with it', async (_, ask) => {
    const store = createStore()
    const { hub } = startHub({ store })
    const cookieId = await signIn(hub)
    await pass(claimGrace - 1_000)
    await ask(hub, cookieId)
    await pass(claimGrace)
    expect(hub.stats()).toMatchObject({ sessions: 1, signedIn: 1 })
    expect((await store.read(toDigest(cookieId)))?.record).not.toHaveProperty('isUnclaimed')
    await pass(120_000)
    expect(hub.stats().sessions).toBe(0)
  })

  it('stays while it has a stream, even one that brought no cookie, and for 30 s after it', async () => {
    const { hub } = startHub()
    const { attach } = await hub.open({ cookieIds: [], carried: [toToken(ada)] })
    const detach = attach({ tab: undefined, isBehind: false, send() {}, end() {}, destroy() {} })
    expect(hub.stats().signedIn).toBe(1)
    await pass(claimGrace + 1)
    expect(hub.stats()).toMatchObject({ sessions: 1, signedIn: 1 })
    detach()
    await pass(claimGrace - 1)
    expect(hub.stats().sessions).toBe(1)
    await pass(1)
    expect(hub.stats().sessions).toBe(0)
  })

  it('makes room for others when the hub is full, the oldest first', async () => {
    const { hub } = startHub({ limits: { ...usualLimits, sessions: 3, requestsPerSession: 1_000 } })
    const cookies: string[] = []
    for (const n of [1, 2, 3])
      cookies.push(await signIn(hub, createProof({ userId: `user_${n}`, sessionId: `sess_${n}` })))
    expect(await userOf(hub, cookies[0]!)).toBe('user_1')
    await signIn(hub, createProof({ userId: 'user_4', sessionId: 'sess_4' }))
    expect(await userOf(hub, cookies[1]!)).toBeUndefined()
    expect([await userOf(hub, cookies[0]!), await userOf(hub, cookies[2]!)]).toEqual(['user_1', 'user_3'])
  })
})

describe('a session whose cookie another node has seen first', () => {
  it('stays on the node that created it, and in the store', async () => {
    const { here, there } = startTwo()
    const changes: ServerAuthChange[] = []
    for (const hub of [here, there]) hub.onAuthChange((change) => void changes.push(change))
    const cookieId = await signIn(here)
    await pass(claimGrace - 1_000)
    expect(await userOf(there, cookieId)).toBe(ada.userId)
    await pass(claimGrace)
    expect([here.stats().signedIn, there.stats().sessions]).toEqual([1, 0])
    expect([await userOf(there, cookieId), await userOf(here, cookieId)]).toEqual([ada.userId, ada.userId])
    await pass(120_000)
    // Only one node reports the end, as for every session.
    expect(changes.map(({ reason }) => reason)).toEqual(['token', 'expired'])
  })

  it('is not removed by a node that has not heard of that', async () => {
    const { store, deaf, there } = startDeaf()
    const cookieId = await signIn(deaf.hub)
    expect(await userOf(there.hub, cookieId)).toBe(ada.userId)
    await pass(claimGrace)
    expect(deaf.hub.stats().sessions).toBe(0)
    expect(await store.read(toDigest(cookieId))).toMatchObject({ retired: false, userId: ada.userId })
    expect([await userOf(there.hub, cookieId), await userOf(deaf.hub, cookieId)]).toEqual([ada.userId, ada.userId])
  })

  it('is reported to the store once', async () => {
    const { store, here, there } = startTwo()
    const write = vi.spyOn(store, 'write')
    const cookieId = await signIn(here)
    for (const hub of [there, here, there, here]) await userOf(hub, cookieId)
    await turn()
    expect(write.mock.calls.map(([{ isUnclaimed }]) => isUnclaimed)).toEqual([true, undefined])
  })
})
