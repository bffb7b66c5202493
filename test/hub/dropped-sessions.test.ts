import { describe, expect, it, vi } from 'vitest'
import { createCookieIndex, retireFor } from '../../adapters/hub/cookies/cookie-index.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startHub, toToken, turn } from './hub-harness.ts'

/** How long a node keeps a session that nobody uses, ms. */
const grace = 5_000
const ada = createProof()
const renewal = createProof({ issuedAt: ada.issuedAt + 1_000 })

/** Returns the result of a promise if it needs no time. */
const now = <T>(promise: Promise<T>) => Promise.race([promise, turn(10).then(() => 'still waiting' as const)])

/**
 * Creates a browser that signed in at one node, lost the answer with its new cookie, and came to another node with
 * the old one.
 */
async function startLeft() {
  const store = createMemorySessionStore({ clock: () => Date.now() })
  const [here, there] = [startHub({ store }), startHub({ store })]
  const browser = await here.open()
  const cookieIds = [browser.cookie.id ?? '']
  await browser.token(toToken(ada))
  expect(await there.hub.find({ cookieIds })).toBeNull()
  expect(there.hub.stats().sessions).toBe(1)
  await vi.advanceTimersByTimeAsync(grace)
  expect(there.hub.stats().sessions).toBe(0)
  return { here: here.hub, there: there.hub, cookieIds, current: browser.cookie.id }
}

describe('a session that a node has dropped', () => {
  it('is found again by its retired cookie, so that a post with it gets its answer', async () => {
    const { here, there, cookieIds } = await startLeft()
    const answer = await now(there.receive({ cookieIds, tab: 'tab', token: toToken(renewal) }))
    expect(answer).toMatchObject({ error: null, view: { isSignedIn: true, sessionId: ada.sessionId } })
    const { cookieId = '' } = answer as { cookieId?: string }
    for (const hub of [here, there]) {
      expect((await hub.find({ cookieIds: [cookieId] }))?.view().userId).toBe(ada.userId)
      expect(await hub.find({ cookieIds })).toBeNull()
    }
    // No request is in progress any more.
    expect(await now(there.close({ timeout: 60_000 }))).toBeUndefined()
  })

  it('is not read by its retired cookie, before that is forgotten or after', async () => {
    const { there, cookieIds, current } = await startLeft()
    await expect(there.open({ cookieIds, carried: [] })).rejects.toMatchObject({ code: 'session-rotated' })
    expect(await there.find({ cookieIds })).toBeNull()
    // The session stays the same when its valid cookie finds it, and the earlier note about its other cookie ends at
    // its own time.
    const session = await there.find({ cookieIds: [current ?? ''] })
    expect(session?.view().userId).toBe(ada.userId)
    await vi.advanceTimersByTimeAsync(grace)
    expect(await there.find({ cookieIds })).toBeNull()
    expect((await there.find({ cookieIds: [current ?? ''] }))?.view().userId).toBe(ada.userId)
  })

  it('loses the notes about its cookies too, so that their end does not affect later sessions', async () => {
    const { open } = startHub()
    const [gone, next] = [(await (await open()).session())!, (await (await open()).session())!]
    const cookies = createCookieIndex()
    for (const alias of ['one', 'two']) cookies.bind(gone, alias)
    cookies.retire('one')
    expect(cookies.find('one')).toMatchObject({ session: gone, retired: true })
    expect(cookies.others(gone)).toEqual([])
    cookies.forget(gone)
    expect([cookies.find('one'), cookies.find('two')]).toEqual([undefined, undefined])
    cookies.bind(next, 'one')
    await vi.advanceTimersByTimeAsync(retireFor)
    expect(cookies.find('one')).toMatchObject({ session: next, retired: false })
  })

  it.each(['a snapshot', 'an actor'])('tells other nodes that it is still held, even when held as %s', async (how) => {
    const { open } = startHub(how === 'an actor' ? { inspect() {} } : {})
    const browser = await open()
    const session = (await browser.session())!
    browser.detach()
    await vi.advanceTimersByTimeAsync(grace)
    const verdict = { outcome: 'undecided', error: { code: 'draining' } }
    expect(session.submit(toToken(ada))).toMatchObject(verdict)
    expect(session.isChecking).toBe(false)
  })
})
