import assert from 'node:assert/strict'
import type { SessionStore, StoreChange, Tombstone } from '../../adapters/hub/store/session-store.ts'
import type { SessionRecord } from '../../machines/session-record.ts'

/** Options of {@link testSessionStore}. */
export interface SessionStoreTestOptions {
  /** Makes an empty store. It must take the time from `clock`, epoch ms, which the tests move. */
  readonly createStore: (clock: () => number) => Promise<SessionStore> | SessionStore
  /**
   * Makes the store of another node on the same data. Default: the tests about two nodes run on one store that is
   * watched twice.
   */
  readonly createPeer?: (store: SessionStore) => Promise<SessionStore> | SessionStore
  /** Resolves when everything that was sent to other nodes has arrived. Default: at once. */
  readonly arrive?: () => Promise<void>
}

/** One test of a store, for any test runner. */
export interface SessionStoreTest {
  /** The behaviour that is tested, as a title. */
  readonly title: string
  /** Makes a store, tests it and closes it. Rejects with an `AssertionError` of `node:assert` if the store fails. */
  readonly run: () => Promise<void>
}

interface Scene {
  readonly store: SessionStore
  readonly peer: SessionStore
  /** The changes that the peer's watcher, which wants everything, has got so far. */
  readonly changes: readonly StoreChange[]
  readonly settle: () => Promise<void>
  readonly pass: (milliseconds: number) => void
  readonly now: () => number
  /** @returns a moment two minutes from now, epoch ms */
  readonly until: () => number
  /** Stores a record, gives it an alias, and has the peer read it, so that the peer hears of its changes. */
  readonly keep: (record?: SessionRecord, alias?: string) => Promise<SessionRecord>
}

const epoch = Date.UTC(2026, 0, 1)
const day = 24 * 3_600_000
const proof = { userId: 'user_a', sessionId: 'sess_a', issuedAt: epoch }

/** A record of a signed-in session, valid for a minute from 2026-01-01T00:00:00Z. */
export function createTestRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
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

/** Compares as JSON does: a property that is undefined counts as absent. */
function equal(actual: unknown, expected: unknown) {
  const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))
  assert.deepEqual(plain(actual), plain(expected))
}

/** The behaviour of every store, by title. */
const tests: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async 'reads back what was written, by its alias'({ peer, keep }) {
    const record = await keep()
    equal(await peer.read('alias-1'), { record, retired: false })
  },

  async 'reads back that no request has brought the cookie yet, until that is taken back'({
    store,
    peer,
    keep,
    until,
  }) {
    const record = await keep(createTestRecord({ isUnclaimed: true }))
    equal(await peer.read('alias-1'), { record, retired: false })
    const claimed = createTestRecord({ rev: record.rev + 1 })
    equal(await peer.write(claimed, { expectedRev: record.rev, until: until() }), { written: true })
    equal((await store.read('alias-1'))?.record, claimed)
  },

  async 'answers null for an alias that was never given out'({ store }) {
    equal(await store.read('alias-unknown'), null)
  },

  async 'finds nothing by an internal id or a channel'({ store, keep }) {
    await keep()
    equal(await store.read('session-1'), null)
    equal(await store.read('channel-1'), null)
  },

  async 'writes a first record only where there is none, and answers what is there'({ store, peer, keep, until }) {
    const record = await keep()
    const other = createTestRecord({ rev: 2, userId: 'user_b' })
    const result = await peer.write(other, { expectedRev: null, until: until() })
    equal(result, { written: false, current: record })
    equal((await store.read('alias-1'))?.record.userId, 'user_a')
  },

  async 'replaces a record only at the expected revision'({ store, peer, keep, until }) {
    await keep()
    const second = createTestRecord({ rev: 2, orgId: 'org_1' })
    equal(await peer.write(second, { expectedRev: 1, until: until() }), { written: true })
    const result = await store.write(createTestRecord({ rev: 9 }), { expectedRev: 1, until: until() })
    equal(result, { written: false, current: second })
  },

  async 'lets one of twenty simultaneous writers win'({ store, peer, keep, until }) {
    await keep()
    const writers = Array.from({ length: 20 }, (_, index) => {
      const record = createTestRecord({ rev: 2, orgId: `org_${index}` })
      return (index % 2 ? store : peer).write(record, { expectedRev: 1, until: until() })
    })
    const results = await Promise.all(writers)
    equal(results.filter(({ written }) => written).length, 1)
  },

  async 'forgets a record after its time'({ store, keep, pass, until }) {
    await keep()
    pass(120_001)
    equal(await store.read('alias-1'), null)
    equal(await store.write(createTestRecord(), { expectedRev: null, until: until() }), { written: true })
  },

  async 'lets a rotated alias lead to the session as retired for as long as it was told'({ store, peer, keep, pass }) {
    const record = await keep()
    await peer.rotate(record.id, { from: 'alias-1', to: 'alias-2', retireFor: 10_000 })
    equal(await store.read('alias-2'), { record, retired: false })
    equal(await store.read('alias-1'), { record, retired: true })
    pass(10_001)
    equal(await store.read('alias-1'), null)
    equal(await store.read('alias-2'), { record, retired: false })
  },

  async 'keeps the user that an alias was given out for, and tells of it'({ store, peer, keep, changes, settle }) {
    const record = await keep()
    let from = 'alias-1'
    for (const [index, userId] of ['user_a', 'ü b', '-', null].entries()) {
      const to = `alias-${index + 2}`
      await store.rotate(record.id, { from, to, userId, retireFor: 10_000 })
      await settle()
      equal(await peer.read(to), { record, retired: false, userId })
      equal((await peer.read(from))?.retired, true)
      equal(changes.at(-1), { type: 'rotated', id: record.id, from, to, userId })
      from = to
    }
  },

  async 'keeps the seals of a record and of an alias'({ store, peer, keep, changes, settle }) {
    const record = await keep(createTestRecord({ instance: 'instance-1', seal: 'sealed-record' }))
    let from = 'alias-1'
    for (const [index, userId] of ['user_a', null, undefined].entries()) {
      const rotation = { from, to: `alias-${index + 2}`, userId, seal: `sealed-alias-${index}` }
      await store.rotate(record.id, { ...rotation, retireFor: 10_000 })
      await settle()
      equal(await peer.read(rotation.to), { record, retired: false, userId, seal: rotation.seal })
      equal(changes.at(-1), { type: 'rotated', id: record.id, ...rotation })
      from = rotation.to
    }
  },

  async 'lets two aliases lead to one session'({ store, peer, keep }) {
    const record = await keep()
    await store.rotate(record.id, { from: null, to: 'alias-2', retireFor: 10_000 })
    equal(await peer.read('alias-1'), { record, retired: false })
    equal(await peer.read('alias-2'), { record, retired: false })
  },

  async 'removes a record with its aliases at the expected revision only'({ store, peer, keep }) {
    const record = await keep()
    await peer.remove('session-1', 7)
    equal(await store.read('alias-1'), { record, retired: false })
    await peer.remove('session-1', 1)
    equal(await store.read('alias-1'), null)
  },

  async 'lists the sessions of a user on every node, if it can list'({ store, peer, keep, until }) {
    if (!store.list || !peer.list) return
    const first = await keep(createTestRecord({ signedInAt: epoch, lastUsedAt: epoch + 1 }))
    const second = await keep(createTestRecord({ id: 'session-2', channel: 'channel-2' }), 'alias-2')
    await keep(createTestRecord({ id: 'session-3', userId: 'user_b' }), 'alias-3')
    const byId = (records: readonly SessionRecord[]) => records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    equal(byId(await peer.list('user_a')), [first, second])
    equal(await peer.list('user_unknown'), [])
    const renewed = createTestRecord({ rev: 2, orgId: 'org_1' })
    await peer.write(renewed, { expectedRev: 1, until: until() })
    equal(byId(await store.list('user_a')), [renewed, second])
  },

  async 'lists no session that was removed, signed out, or taken by another user'({ store, peer, keep, until }) {
    if (!store.list || !peer.list) return
    for (const index of [1, 2, 3, 4]) await keep(createTestRecord({ id: `session-${index}` }), `alias-${index}`)
    await store.remove('session-1', 1)
    const nobody = { status: 'signedOut', claims: null, userId: null, sessionId: null, issuedAt: null, expiresAt: null }
    const signedOut = createTestRecord({ id: 'session-2', rev: 2, ...(nobody as Partial<SessionRecord>) })
    await store.write(signedOut, { expectedRev: 1, until: until() })
    const taken = createTestRecord({ id: 'session-3', rev: 2, userId: 'user_b' })
    await store.write(taken, { expectedRev: 1, until: until() })
    const listed = await peer.list('user_a')
    equal(
      listed.map(({ id }) => id),
      ['session-4'],
    )
    equal(await peer.list('user_b'), [taken])
  },

  async 'lists a session as long as its record is kept, over many renewals'({ store, peer, keep, pass, until, now }) {
    if (!store.list || !peer.list) return
    let record = await keep()
    for (let hour = 0; hour < 60; hour += 1) {
      const next = { ...record, rev: record.rev + 1 }
      await store.write(next, { expectedRev: record.rev, until: now() + 4_000_000 })
      record = next
      pass(3_600_000)
      equal(await peer.list('user_a'), [record])
    }
    await store.write({ ...record, rev: 1_000 }, { expectedRev: record.rev, until: until() })
    pass(120_001)
    equal(await peer.list('user_a'), [])
  },

  async 'tells the watchers of every later change of a session that the node has read'(scene) {
    const { store, keep, changes, settle, until } = scene
    await keep()
    await settle()
    const before = changes.length
    const record = createTestRecord({ rev: 2, orgId: 'org_1' })
    await store.write(record, { expectedRev: 1, until: until() })
    await store.rotate('session-1', { from: null, to: 'alias-2', retireFor: 10_000 })
    await settle()
    equal(changes.slice(before), [
      { type: 'record', record },
      { type: 'rotated', id: 'session-1', from: null, to: 'alias-2' },
    ])
  },

  async 'misses no change that another node makes while it reads'({ store, peer, changes, settle, until }) {
    for (let index = 0; index < 50; index += 1) {
      const [id, alias] = [`session-${index}`, `alias-${index}`]
      await store.write(createTestRecord({ id }), { expectedRev: null, until: until() })
      await store.rotate(id, { from: null, to: alias, retireFor: 10_000 })
      const second = createTestRecord({ id, rev: 2 })
      const [read] = await Promise.all([peer.read(alias), store.write(second, { expectedRev: 1, until: until() })])
      await settle()
      const isTold = changes.some(
        (change) => change.type === 'record' && change.record.id === id && change.record.rev === 2,
      )
      equal([index, isTold || read?.record.rev === 2], [index, true])
    }
  },

  async 'tells a watcher that waits for the rotation of an alias, once the node has looked for it'(scene) {
    const { store, peer, settle } = scene
    const heard: StoreChange[] = []
    peer.watch(
      (change) => heard.push(change),
      (name) => name === 'alias-stranger',
    )
    equal(await peer.read('alias-stranger'), null)
    const rotation = { from: 'alias-stranger', to: 'alias-1', userId: 'user_a', seal: 'sealed' }
    await store.rotate('session-1', { ...rotation, retireFor: 10_000 })
    await settle()
    equal(heard.at(-1), { type: 'rotated', id: 'session-1', ...rotation })
  },

  async 'tells the watchers of the tombstones of every node'({ store, changes, settle }) {
    const tombstone: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + 1_000 }
    await store.addTombstone(tombstone)
    await settle()
    equal(changes, [{ type: 'tombstone', tombstone }])
  },

  async 'tells a watcher that left nothing more'({ store, peer, keep, settle }) {
    const heard: StoreChange[] = []
    const unwatch = peer.watch((change) => heard.push(change))
    unwatch()
    const record = await keep()
    await store.rotate(record.id, { from: 'alias-1', to: 'alias-2', retireFor: 10_000 })
    await settle()
    equal(heard, [])
  },

  async 'has no tombstones at first'({ store }) {
    equal(store.findTombstone(proof), null)
  },

  async 'finds its own tombstone at once, before it is stored'({ store }) {
    const stored = store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + day })
    equal(store.findTombstone(proof), 'token-superseded')
    await stored
  },

  async 'refuses the tokens of a cleared session up to the second of the clear, and no later one'(scene) {
    const { store, peer, settle } = scene
    await store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: epoch + 5_400, until: epoch + day })
    await settle()
    const at = (ms: number) => peer.findTombstone({ ...proof, issuedAt: epoch + ms })
    const refused = 'token-superseded'
    equal([at(0), at(5_000), at(5_999), at(6_000)], [refused, refused, refused, null])
    equal(peer.findTombstone({ ...proof, sessionId: 'sess_other' }), null)
  },

  async 'refuses every token of a revoked session, now and to come'({ store, peer, settle }) {
    await store.addTombstone({ kind: 'session', id: 'sess_a', revokedAt: epoch, until: epoch + day })
    await settle()
    equal(peer.findTombstone({ ...proof, issuedAt: epoch + 60_000 }), 'session-revoked')
  },

  async 'tells a session that has lasted as long as it may from a revoked one, and a revocation counts for more'(
    scene,
  ) {
    const { store, peer, settle } = scene
    const ended: Tombstone = {
      kind: 'session',
      id: 'sess_a',
      revokedAt: epoch + 9_000,
      reason: 'lifetime',
      until: epoch + day,
    }
    await store.addTombstone(ended)
    await settle()
    equal([store.findTombstone(proof), peer.findTombstone(proof)], ['session-expired', 'session-expired'])
    await peer.addTombstone({ kind: 'session', id: 'sess_a', revokedAt: epoch, until: epoch + day })
    await settle()
    equal([store.findTombstone(proof), peer.findTombstone(proof)], ['session-revoked', 'session-revoked'])
    await store.addTombstone(ended)
    await settle()
    equal([store.findTombstone(proof), peer.findTombstone(proof)], ['session-revoked', 'session-revoked'])
  },

  async 'refuses the tokens that a revoked user had, and accepts later ones'({ store, peer, settle }) {
    await store.addTombstone({ kind: 'user', id: 'user_a', revokedAt: epoch, until: epoch + day })
    await settle()
    equal(peer.findTombstone(proof), 'session-revoked')
    equal(peer.findTombstone({ ...proof, sessionId: 'sess_new', issuedAt: epoch + 1_000 }), null)
  },

  async 'does not take a user id for a session id'({ store }) {
    await store.addTombstone({ kind: 'user', id: 'sess_a', revokedAt: epoch, until: epoch + day })
    equal(store.findTombstone(proof), null)
  },

  async 'merges two tombstones of one id to what refuses more, in either order'({ store, peer, changes, settle }) {
    const early: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch, until: epoch + 2 * day }
    const late: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch + 9_000, until: epoch + day }
    await store.addTombstone(late)
    await store.addTombstone(early)
    await settle()
    equal(peer.findTombstone({ ...proof, issuedAt: epoch + 8_000 }), 'token-superseded')
    equal(changes.at(-1), { type: 'tombstone', tombstone: { ...late, until: epoch + 2 * day } })
  },

  async 'keeps the seals of a tombstone, each with its moment, where two are merged'({ store, changes, settle }) {
    const cleared: Tombstone = { kind: 'session', id: 'sess_a', clearedAt: epoch + 9_000, until: epoch + day }
    const revoked: Tombstone = { kind: 'session', id: 'sess_a', revokedAt: epoch, until: epoch + day }
    await store.addTombstone({ ...cleared, seals: { clearedAt: 'late' } })
    await store.addTombstone({ ...revoked, seals: { revokedAt: 'revoked' } })
    await store.addTombstone({ ...cleared, clearedAt: epoch, seals: { clearedAt: 'early' } })
    await settle()
    const seals = { clearedAt: 'late', revokedAt: 'revoked' }
    equal(changes.at(-1), { type: 'tombstone', tombstone: { ...cleared, revokedAt: epoch, seals } })
  },

  async 'forgets a tombstone after its time'({ store, pass, now }) {
    for (let index = 0; index < 500; index += 1) {
      await store.addTombstone({ kind: 'session', id: `sess_${index}`, clearedAt: epoch, until: epoch + 1_000 })
    }
    pass(120_000)
    await store.addTombstone({ kind: 'session', id: 'sess_new', clearedAt: now(), until: now() + 1_000 })
    equal(store.findTombstone({ ...proof, sessionId: 'sess_7' }), null)
  },
}

/**
 * The tests that every {@link SessionStore} has to pass, for any test runner.
 *
 * @example
 * import { test } from 'node:test'
 * for (const { title, run } of testSessionStore({ createStore: (clock) => createMyStore({ clock }) })) test(title, run)
 */
export function testSessionStore(options: SessionStoreTestOptions): SessionStoreTest[] {
  return Object.entries(tests).map(([title, test]) => ({ title, run: () => runTest(test, options) }))
}

async function runTest(test: (scene: Scene) => Promise<void>, options: SessionStoreTestOptions) {
  let time = epoch
  const now = () => time
  const until = () => time + 120_000
  const store = await options.createStore(now)
  const peer = (await options.createPeer?.(store)) ?? store
  const changes: StoreChange[] = []
  peer.watch((change) => changes.push(change))
  try {
    await test({
      store,
      peer,
      changes,
      settle: () => options.arrive?.() ?? Promise.resolve(),
      pass: (milliseconds) => void (time += milliseconds),
      now,
      until,
      async keep(record = createTestRecord(), alias = 'alias-1') {
        await store.write(record, { expectedRev: null, until: until() })
        await store.rotate(record.id, { from: null, to: alias, retireFor: 10_000 })
        await peer.read(alias)
        return record
      },
    })
  } finally {
    if (peer !== store) await peer.close()
    await store.close()
  }
}
