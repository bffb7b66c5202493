import type { SessionRecord } from '../../../machines/session-record.ts'
import { IdsByUser } from './ids-by-user.ts'
import type { SessionStore, StoreChange, StoredSession } from './session-store.ts'
import { createTombstones } from './tombstones.ts'

/** Options of {@link createMemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** Epoch ms; default `Date.now`. */
  readonly clock?: () => number
}

interface StoredRecord {
  readonly record: SessionRecord
  readonly until: number
}

interface Alias {
  readonly id: string
  /** When a retired alias stops counting, epoch ms; Infinity for one in use. */
  readonly until: number
  readonly userId?: string | null
  readonly seal?: string
}

/** The least time between two removals of entries that may be forgotten, ms. */
const sweepEvery = 60_000

/**
 * Creates the default {@link SessionStore}, in the memory of one process. Several servers of one process may share one,
 * as nodes share a Redis.
 */
export function createMemorySessionStore({ clock = Date.now }: MemorySessionStoreOptions = {}): SessionStore {
  const records = new Map<string, StoredRecord>()
  const aliases = new Map<string, Alias>()
  const owners = new IdsByUser()
  const tombstones = createTombstones(clock)
  const watchers = new Set<(change: StoreChange) => void>()
  let nextSweep = -Infinity

  const readRecord = (id: string, now = clock()): SessionRecord | null => {
    const stored = records.get(id)
    return stored && stored.until > now ? stored.record : null
  }
  const tell = (change: StoreChange) => {
    for (const watcher of watchers) watcher(change)
  }

  function put(record: SessionRecord, until: number) {
    const userBefore = records.get(record.id)?.record.userId ?? null
    if (userBefore !== record.userId) owners.delete(userBefore, record.id)
    owners.add(record.userId, record.id)
    records.set(record.id, { record, until })
  }

  function drop({ id, userId }: SessionRecord) {
    owners.delete(userId, id)
    records.delete(id)
  }

  function sweep(now: number) {
    if (now < nextSweep) return
    nextSweep = now + sweepEvery
    for (const { record, until } of records.values()) if (until <= now) drop(record)
    for (const [alias, { id, until }] of aliases) if (until <= now || !records.has(id)) aliases.delete(alias)
  }

  return {
    isPrivate: true,
    async read(alias) {
      const now = clock()
      const found = aliases.get(alias)
      const record = found && found.until > now ? readRecord(found.id, now) : null
      return found && record ? toStored(record, found) : null
    },
    async write(record, { expectedRev, until }) {
      const now = clock()
      const current = readRecord(record.id, now)
      if ((current?.rev ?? null) !== expectedRev) return { written: false, current }
      put(record, until)
      sweep(now)
      tell({ type: 'record', record })
      return { written: true }
    },
    async rotate(id, { from, to, userId, seal, retireFor }) {
      const now = clock()
      if (from !== null) aliases.set(from, { id, until: now + retireFor })
      aliases.set(to, { id, until: Infinity, userId, seal })
      tell({ type: 'rotated', id, from, to, userId, seal })
    },
    async remove(id, expectedRev) {
      // The aliases of a removed record lead nowhere, and the next sweep removes them.
      const record = records.get(id)?.record
      if (record?.rev === expectedRev) drop(record)
    },
    async list(userId) {
      const now = clock()
      const found = owners.find(userId).map((id) => readRecord(id, now))
      return found.filter((record) => record !== null)
    },
    async addTombstone(tombstone) {
      tell({ type: 'tombstone', tombstone: tombstones.add(tombstone) })
    },
    findTombstone: tombstones.find,
    watch(listener) {
      watchers.add(listener)
      return () => watchers.delete(listener)
    },
    async close() {
      watchers.clear()
    },
  }
}

const toStored = (record: SessionRecord, { until, userId, seal }: Alias): StoredSession => ({
  record,
  retired: until !== Infinity,
  userId,
  seal,
})
