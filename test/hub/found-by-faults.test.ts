import { describe, expect, it, vi } from 'vitest'
import { retireFor } from '../../adapters/hub/cookies/cookie-index.ts'
import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import { createMemorySessionStore } from '../../adapters/hub/store/memory-session-store.ts'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import type { VerifiedSession } from '../../machines/index.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { startDeaf, startHub, toToken, turn } from './hub-harness.ts'

const later = { userId: 'user_later', sessionId: 'sess_of_later' }

describe('bugs that the simulation of faults has found', () => {
  it('a sign-out at a node whose clock says that the session has ended also ends it on the others', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const ahead = startHub({ store, clock: () => Date.now() + 600_000 })
    const browser = await here.open()
    await browser.token(toToken({}))
    const { sessionId } = createProof()
    const cookieIds = [browser.cookie.id ?? '']
    const { error, view } = await ahead.hub.clear({ cookieIds, tab: 'tab', sessionId })
    expect({ error, isSignedIn: view.isSignedIn }).toEqual({ error: null, isSignedIn: false })
    await turn()
    expect((await browser.session())?.view().isSignedIn ?? false).toBe(false)
    expect(store.findTombstone(createProof())).toBe('token-superseded')
  })

  it('a stored record has a higher rev than a single node has seen since', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const there = startHub({ store })
    const browser = await here.open()
    await browser.token(toToken({}))
    const cookieIds = [browser.cookie.id ?? '']
    await browser.clear()
    for (let round = 0; round < 20; round += 1)
      await there.hub.receive({ cookieIds, token: toToken(null), tab: 'other' })
    const before = (await there.hub.find({ cookieIds }))?.view().rev ?? 0
    expect(before).toBeGreaterThan(0)
    const { view } = await browser.token(toToken({ sessionId: 'sess_later' }))
    expect(view).toMatchObject({ isSignedIn: true, sessionId: 'sess_later' })
    expect(view.rev).toBeGreaterThan(before)
  })

  it('a node that reads a session of its own under a new cookie at once knows what the store knows of it', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const deaf = startHub({ store: { ...store, watch: () => () => {} } })
    const there = startHub({ store })
    const browser = await deaf.open()
    await browser.token(toToken({}))
    await browser.clear()
    const ask = () => ({ cookieIds: [browser.cookie.id ?? ''], tab: 'other' })
    const bob = { userId: 'user_bob', sessionId: 'sess_bob' }
    const { cookieId } = await there.hub.receive({ ...ask(), token: toToken(bob) })
    browser.cookie.id = cookieId
    const { error, view } = await browser.clear(bob.sessionId)
    expect({ error, isSignedIn: view.isSignedIn }).toEqual({ error: null, isSignedIn: false })
    expect(store.findTombstone(createProof(bob))).toBe('token-superseded')
  })

  it('a node never shows an older view than the record that it has adopted', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const there = startHub({ store })
    const browser = await here.open()
    await browser.token(toToken({}))
    const cookieIds = [browser.cookie.id ?? '']
    await browser.clear()
    const { view: signedOut } = await there.hub.clear({ cookieIds, tab: 'other' })
    const session = await browser.session()
    const record = (await store.read(toDigest(cookieIds[0] ?? '')))?.record
    await store.write(
      { ...record!, rev: record!.rev + 1_024 },
      { expectedRev: record!.rev, until: Date.now() + 60_000 },
    )
    await turn()
    expect(signedOut.isSignedIn).toBe(false)
    expect(session?.view()).toMatchObject({ isSignedIn: false, rev: record!.rev + 1_024 })
    expect(browser.views.at(-1)?.rev).toBe(record!.rev + 1_024)
  })

  it('a node that knows better than a record shows a later rev than the nodes that show the record', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const here = startHub({ store })
    const ahead = startHub({ store, clock: () => Date.now() + 600_000 })
    const browser = await here.open()
    const cookieIds = () => [browser.cookie.id ?? '']
    await browser.token(toToken({}))
    await ahead.hub.find({ cookieIds: cookieIds() })
    const { view } = await browser.token(toToken({ sessionId: 'sess_later' }))
    await turn()
    const known = (await ahead.hub.find({ cookieIds: cookieIds() }))?.view()
    expect(view).toMatchObject({ isSignedIn: true, sessionId: 'sess_later' })
    expect(known).toMatchObject({ isSignedIn: false, channel: view.channel })
    expect(known?.rev).toBeGreaterThan(view.rev)
  })

  it('a rotation that the store has missed retires the old cookie after the repair', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const outage = { isOn: false }
    const failing: SessionStore = {
      ...store,
      async rotate(id, options) {
        const isLost = outage.isOn
        outage.isOn = false
        if (isLost) throw new Error('The store does not answer')
        return store.rotate(id, options)
      },
    }
    const browser = await startHub({ store: failing }).open()
    await browser.token(toToken({}))
    await browser.clear()
    const before = toDigest(browser.cookie.id ?? '')
    outage.isOn = true
    const { error } = await browser.token(toToken(later))
    expect(error).toBeNull()
    expect((await store.read(before))?.retired).toBe(true)
    await vi.advanceTimersByTimeAsync(retireFor)
    expect(await store.read(before)).toBeNull()
    expect((await store.read(toDigest(browser.cookie.id ?? '')))?.retired).toBe(false)
  })

  it('a node that missed a rotation brings no old cookie back, and ends what was opened with it', async () => {
    const { store, deaf, there, tell } = startDeaf()
    const browser = await deaf.open()
    await browser.token(toToken({}))
    const old = [browser.cookie.id ?? '']
    await there.hub.receive({ cookieIds: old, token: toToken(later), tab: 'other' })
    await vi.advanceTimersByTimeAsync(retireFor)
    expect(await store.read(toDigest(old[0] ?? ''))).toBeNull()
    tell({ type: 'back' })
    await turn()
    expect(await store.read(toDigest(old[0] ?? ''))).toBeNull()
    expect(browser.stream.bye).toBe('rotated')
    expect(browser.views.some(({ userId }) => userId === later.userId)).toBe(false)
    await vi.advanceTimersByTimeAsync(retireFor)
    expect(await deaf.hub.find({ cookieIds: old })).toBeNull()
  })

  it.each(['late', 'never'])(
    'an old cookie reads nothing if the new one came first, and the message %s',
    async (news) => {
      const { deaf, there, rotations, tell } = startDeaf()
      const browser = await deaf.open()
      await browser.token(toToken({}))
      await browser.clear()
      const old = [browser.cookie.id ?? '']
      const { cookieId = '' } = await there.hub.receive({ cookieIds: old, token: toToken(later), tab: 'other' })
      const current = await deaf.hub.find({ cookieIds: [cookieId] })
      expect(current?.view().userId).toBe(later.userId)
      tell(news === 'late' ? rotations.at(-1)! : { type: 'back' })
      await turn()
      expect(await deaf.hub.find({ cookieIds: old })).toBeNull()
      expect(await deaf.hub.find({ cookieIds: [cookieId] })).toBe(current)
      await vi.advanceTimersByTimeAsync(retireFor)
      expect(await deaf.hub.find({ cookieIds: old })).toBeNull()
    },
  )

  it('two rotations whose messages arrive in the wrong order keep the last cookie', async () => {
    const { deaf, there, rotations, tell } = startDeaf()
    const browser = await deaf.open()
    await browser.token(toToken({}))
    await browser.clear()
    const ids = [browser.cookie.id ?? '']
    const sign = async (proof: Partial<VerifiedSession>) =>
      ids.unshift((await there.hub.receive({ cookieIds: [ids[0]!], token: toToken(proof), tab: 'tab' })).cookieId ?? '')
    rotations.length = 0
    await sign(later)
    await there.hub.clear({ cookieIds: [ids[0]!], tab: 'tab' })
    await sign({ userId: 'user_last', sessionId: 'sess_last' })
    for (const change of rotations.toReversed()) tell(change)
    await turn()
    const found = await Promise.all(ids.map(async (id) => (await deaf.hub.find({ cookieIds: [id] })) !== null))
    expect(found).toEqual([true, false, false])
  })

  it('a post that the network repeats does not undo a later post of another tab', async () => {
    const { hub, open } = startHub()
    const browser = await open()
    await browser.token(toToken({}))
    const jar = { cookieId: browser.cookie.id ?? '' }
    const post = async (tab: string, sessionId: string, cookieId = jar.cookieId) => {
      const answer = await hub.receive({ cookieIds: [cookieId], token: toToken({ sessionId }), tab, seq: 1 })
      jar.cookieId = answer.cookieId ?? jar.cookieId
      return answer.view.sessionId
    }
    const before = jar.cookieId
    await post('one', 'sess_one')
    expect(await post('two', 'sess_two')).toBe('sess_two')
    await expect(post('one', 'sess_one', before)).rejects.toMatchObject({ code: 'session-rotated' })
    expect(await post('one', 'sess_one')).toBe('sess_two')
  })

  it('a node looks up the Clerk session to end if it never heard of it', async () => {
    const store = createMemorySessionStore({ clock: () => Date.now() })
    const deaf = startHub({ store: { ...store, watch: () => () => {} } })
    const there = startHub({ store })
    const browser = await deaf.open()
    await browser.token(toToken({}))
    await browser.clear()
    const ask = { cookieIds: [browser.cookie.id ?? ''], tab: 'other' }
    const again = { sessionId: 'sess_again', issuedAt: createProof().issuedAt + 60_000 }
    await there.hub.receive({ ...ask, token: toToken(again) })
    const { error, view } = await browser.clear('sess_again')
    expect({ error, isSignedIn: view.isSignedIn }).toEqual({ error: null, isSignedIn: false })
    expect(store.findTombstone(createProof(again))).toBe('token-superseded')
    await turn()
    expect((await there.hub.find(ask))?.view().isSignedIn ?? false).toBe(false)
  })

  it('an overtaken post undoes nothing, even at another node than the one that overtook it', async () => {
    const options = { store: createMemorySessionStore({ clock: () => Date.now() }), clock: () => Date.now() }
    const [here, there] = [startHub(options).hub, startHub(options).hub]
    const proven = { sessionId: 'sess_new' }
    const { cookieId = '' } = await here.receive({ cookieIds: [], tab: 'one', seq: 1, token: toToken(proven) })
    const post = (node: typeof here, seq: number, sessionId: string) =>
      node.receive({ cookieIds: [cookieId], tab: 'two', seq, token: toToken({ sessionId }) })
    // Both prove the same session, so the first node only has to take over the seq of the tab.
    expect((await post(there, 8, 'sess_new')).view.sessionId).toBe('sess_new')
    await turn()
    expect((await post(here, 5, 'sess_old')).view.sessionId).toBe('sess_new')
    expect((await post(here, 9, 'sess_newer')).view.sessionId).toBe('sess_newer')
  })
})
