import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Tombstone, SessionStore, StoreChange } from '../../adapters/hub/store/session-store.ts'
import type { SessionRecord } from '../../machines/session-record.ts'

export interface StoreContractOptions {
  /** A store with nothing in it. `clock` is virtual. */
  readonly createStore: (clock: () => number) => Promise<SessionStore> | SessionStore
  /** Another node on the same data. Without it, the rows about two nodes run on one store watched twice. */
  readonly createPeer?: (store: SessionStore) => Promise<SessionStore> | SessionStore
  /** Lets what was sent to other nodes arrive. */
  readonly arrive?: () => Promise<void>
}

const epoch = Date.UTC(2026, 0, 1)

export function createRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 'session-1',
    channel: 'channel-1',
    rev: 1,
    status: 'signedIn',
    claims: { sub: 'user_a', sid: 'sess_a', iat: epoch / 1_000, exp: epoch / 1_000 + 60 },
    user: null,
    userId: 'user_a',
    sessionId: 'sess_a',
    orgId: null,
    issuedAt: epoch,
    expiresAt: epoch + 60_000,
    seqByTab: { tab: 3 },
    ...overrides,
  }
}

/** What every session store must do, whatever it is made of. */
export function testSessionStore(name: string, { createStore, createPeer, arrive }: StoreContractOptions) {
  describe(`${name} keeps the session store's contract`, () => {
    let now = epoch
    let store: SessionStore
    let peer: SessionStore
    let changes: StoreChange[]

    beforeEach(async () => {
      now = epoch
      store = await createStore(() => now)
      peer = (await createPeer?.(store)) ?? store
      changes = []
      peer.watch((change) => changes.push(change))
    })
    afterEach(async () => {
      if (peer !== store) await peer.close()
      await store.close()
    })

    const until = () => now + 120_000
    const settle = () => arrive?.() ?? Promise.resolve()

    async function keep(record = createRecord(), alias = 'alias-1') {
      await store.write(record, { expectedRev: null, until: until() })
      await store.rotate(record.id, { from: null, to: alias, retireFor: 10_000 })
      return record
    }

    it('reads back what was written, by its alias', async () => {
      const record = await keep()
      expect(await peer.read('alias-1')).toEqual({ record, retired: false })
    })

    it('reads back that no request has brought the cookie yet, until that is taken back', async () => {
      const record = await keep(createRecord({ isUnclaimed: true }))
      expect(await peer.read('alias-1')).toEqual({ record, retired: false })
      const claimed = createRecord({ rev: record.rev + 1 })
      expect(await peer.write(claimed, { expectedRev: record.rev, until: until() })).toEqual({ written: true })
      expect((await store.read('alias-1'))?.record).toEqual(claimed)
    })

    it('knows nothing of an alias that nobody was given, and null is not an error', async () => {
      expect(await store.read('alias-unknown')).toBeNull()
    })

    it('finds nothing by an internal id or a channel', async () => {
      await keep()
      expect(await store.read('session-1')).toBeNull()
      expect(await store.read('channel-1')).toBeNull()
    })

    it('writes a first record only where there is none, and says what is there', async () => {
      const record = await keep()
      const other = createRecord({ rev: 2, userId: 'user_b' })
      expect(await peer.write(other, { expectedRev: null, until: until() })).toEqual({
        written: false,
        current: record,
      })
      expect((await store.read('alias-1'))?.record.userId).toBe('user_a')
    })

    it('replaces a record only at the expected revision', async () => {
      await keep()
      const second = createRecord({ rev: 2, orgId: 'org_1' })
      expect(await peer.write(second, { expectedRev: 1, until: until() })).toEqual({ written: true })
      expect(await store.write(createRecord({ rev: 9 }), { expectedRev: 1, until: until() })).toEqual({
        written: false,
        current: second,
      })
    })

    it('lets one of many simultaneous writers win', async () => {
      await keep()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : peer).write(createRecord({ rev: 2, orgId: `org_${index}` }), {
            expectedRev: 1,
            until: until(),
          }),
        ),
      )
      expect(results.filter(({ written }) => written)).toHaveLength(1)
    })

    it('forgets a record when its time is over', async () => {
      await keep()
      now += 120_001
      expect(await store.read('alias-1')).toBeNull()
      expect(await store.write(createRecord(), { expectedRev: null, until: until() })).toEqual({ written: true })
    })

    it('rotates: the new alias leads to the session, the old one for ten seconds as retired', async () => {
      const record = await keep()
      await peer.rotate(record.id, { from: 'alias-1', to: 'alias-2', retireFor: 10_000 })
      expect(await store.read('alias-2')).toEqual({ record, retired: false })
      expect(await store.read('alias-1')).toEqual({ record, retired: true })
      now += 10_001
      expect(await store.read('alias-1')).toBeNull()
      expect(await store.read('alias-2')).toEqual({ record, retired: false })
    })

    it.each(['user_a', 'ü b', '-', null])('knows whom an alias was given out for, and tells: %j', async (userId) => {
      const record = await keep()
      await store.rotate(record.id, { from: 'alias-1', to: 'alias-2', userId, retireFor: 10_000 })
      await settle()
      expect(await peer.read('alias-2')).toEqual({ record, retired: false, userId })
      expect(changes.at(-1)).toEqual({ type: 'rotated', id: record.id, from: 'alias-1', to: 'alias-2', userId })
      await store.rotate(record.id, { from: 'alias-2', to: 'alias-3', userId, retireFor: 10_000 })
      expect((await peer.read('alias-2'))?.retired).toBe(true)
    })

    it.each(['user_a', null, undefined])('keeps the seals of a record and of a cookie for %j', async (userId) => {
      const record = await keep(createRecord({ instance: 'instance-1', seal: 'sealed-record' }))
      const rotation = { from: 'alias-1', to: 'alias-2', userId, seal: 'sealed-cookie' }
      await store.rotate(record.id, { ...rotation, retireFor: 10_000 })
      await settle()
      expect(await peer.read('alias-2')).toEqual({ record, retired: false, userId, seal: 'sealed-cookie' })
      expect(changes.at(-1)).toEqual({ type: 'rotated', id: record.id, ...rotation })
    })

    it('keeps the seals of a tombstone, each with its moment, when two are merged', async () => {
      const cleared: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch + 9_000, until: epoch + day }
      const revoked: Tombstone = { kind: 'session', id: 'sess_a', revokedAt: epoch, until: epoch + day }
      await store.addTombstone({ ...cleared, seals: { clearedAt: 'late' } })
      await store.addTombstone({ ...revoked, seals: { revokedAt: 'revoked' } })
      await store.addTombstone({ ...cleared, clearedAt: epoch, seals: { clearedAt: 'early' } })
      await settle()
      const seals = { clearedAt: 'late', revokedAt: 'revoked' }
      const merged = { ...cleared, revokedAt: epoch, seals }
      expect(changes.filter(({ type }) => type === 'tombstone').slice(1)).toContainEqual({
        type: 'tombstone',
        tombstone: merged,
      })
    })

    it('lets a session have a second alias beside the first', async () => {
      const record = await keep()
      await store.rotate(record.id, { from: null, to: 'alias-2', retireFor: 10_000 })
      expect(await peer.read('alias-1')).toEqual({ record, retired: false })
      expect(await peer.read('alias-2')).toEqual({ record, retired: false })
    })

    it('removes a record with its aliases, but not a newer one', async () => {
      await keep()
      await peer.remove('session-1', 7)
      expect(await store.read('alias-1')).not.toBeNull()
      await peer.remove('session-1', 1)
      expect(await store.read('alias-1')).toBeNull()
    })

    it('tells the watchers of records, rotations and tombstones, whichever node made them', async () => {
      const record = await keep()
      const tombstone: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + 1_000 }
      await store.addTombstone(tombstone)
      await settle()
      expect(changes).toEqual([
        { type: 'record', record },
        { type: 'rotated', id: 'session-1', from: null, to: 'alias-1' },
        { type: 'tombstone', tombstone },
      ])
    })

    it('tells a watcher that left nothing more', async () => {
      const heard: StoreChange[] = []
      const unwatch = peer.watch((change) => heard.push(change))
      unwatch()
      await keep()
      await settle()
      expect(heard).toEqual([])
    })

    const proof = { userId: 'user_a', sessionId: 'sess_a', issuedAt: epoch }
    const day = 24 * 3_600_000

    it('has no tombstones at first', () => {
      expect(store.findTombstone(proof)).toBeNull()
    })

    it('answers for its own tombstones at once, before they are stored', () => {
      const stored = store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + day })
      expect(store.findTombstone(proof)).toBe('token-superseded')
      return stored
    })

    it('refuses the tokens of a cleared session up to the second of the clear, and no later one', async () => {
      await store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: epoch + 5_400, until: epoch + day })
      await settle()
      const at = (ms: number) => peer.findTombstone({ ...proof, issuedAt: epoch + ms })
      expect([at(0), at(5_000), at(5_999), at(6_000)]).toEqual([
        'token-superseded',
        'token-superseded',
        'token-superseded',
        null,
      ])
      expect(peer.findTombstone({ ...proof, sessionId: 'sess_other' })).toBeNull()
    })

    it('refuses every token of a revoked session, now and to come', async () => {
      await store.addTombstone({ kind: 'session', id: 'sess_a', revokedAt: epoch, until: epoch + day })
      await settle()
      expect(peer.findTombstone({ ...proof, issuedAt: epoch + 60_000 })).toBe('session-revoked')
    })

    it('refuses the tokens a revoked user had, and lets them sign in anew', async () => {
      await store.addTombstone({ kind: 'user', id: 'user_a', revokedAt: epoch, until: epoch + day })
      await settle()
      expect(peer.findTombstone(proof)).toBe('session-revoked')
      expect(peer.findTombstone({ ...proof, sessionId: 'sess_new', issuedAt: epoch + 1_000 })).toBeNull()
    })

    it('takes a user id for no session id', async () => {
      await store.addTombstone({ kind: 'user', id: 'sess_a', revokedAt: epoch, until: epoch + day })
      expect(store.findTombstone(proof)).toBeNull()
    })

    it('merges two tombstones of one id to what refuses more, whatever the order', async () => {
      const early: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + 2 * day }
      const late: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch + 9_000, until: epoch + day }
      await store.addTombstone(late)
      await store.addTombstone(early)
      await settle()
      expect(peer.findTombstone({ ...proof, issuedAt: epoch + 8_000 })).toBe('token-superseded')
      expect(changes.at(-1)).toEqual({
        type: 'tombstone',
        tombstone: { ...late, until: epoch + 2 * day },
      })
    })

    it('forgets a tombstone after its time, so that the tombstones do not pile up', async () => {
      for (let index = 0; index < 500; index += 1) {
        await store.addTombstone({ kind: 'session', id: `sess_${index}`, clearedAt: epoch, until: epoch + 1_000 })
      }
      now += 120_000
      await store.addTombstone({ kind: 'session', id: 'sess_new', clearedAt: now, until: now + 1_000 })
      expect(store.findTombstone({ ...proof, sessionId: 'sess_7' })).toBeNull()
    })
  })
}
