import type { SessionStore, StoreChange } from '../hub/store/session-store.ts'
import { createGuards } from '../hub/store/store-guards.ts'
import { createTombstones } from '../hub/store/tombstones.ts'
import { openDatabase } from './open-database.ts'
import { createSqliteRecords } from './sqlite-records.ts'
import { resolveSqliteStoreOptions, type SqliteSessionStoreOptions } from './sqlite-store-options.ts'
import { prepareTables } from './sqlite-tables.ts'
import { createSqliteTombstones } from './sqlite-tombstones.ts'

/** Interval at which ended entries are removed, ms. */
const sweepEvery = 60_000

/**
 * Creates a {@link SessionStore} in a file of SQLite, for one process. Its sessions outlive a restart and a crash, and
 * its sign-outs also outlive a loss of power.
 *
 * @throws TypeError that names the option which cannot be used
 * @throws Error if this Node has no SQLite, or the file cannot be used or is in use
 * @example
 * const store = createSqliteSessionStore({ path: 'data/sessions.db' })
 * const auth = createAuthServer({ store })
 */
export function createSqliteSessionStore(options: SqliteSessionStoreOptions): SessionStore {
  const { path, clock } = resolveSqliteStoreOptions(options)
  const database = openDatabase(path)
  prepareTables(database)
  const guards = createGuards()
  const tombstones = createTombstones(clock)
  const records = createSqliteRecords(database, clock)
  const stored = createSqliteTombstones(database, clock)
  const watchers = new Set<(change: StoreChange) => void>()
  let nextSweep = -Infinity
  let isLoaded = false

  /**
   * Reads the tombstones again for another guard. Tombstones that are known here but could not be written yet are kept.
   */
  function load() {
    const known = [...tombstones.values()]
    tombstones.clear()
    for (const tombstone of [...known, ...stored.readAll()]) if (guards.isGenuine(tombstone)) tombstones.add(tombstone)
    isLoaded = true
  }

  /** Loads the tombstones when they are first used, because by then the server has added its guard. */
  function loaded() {
    if (!isLoaded) load()
    return tombstones
  }

  function tell(change: StoreChange) {
    for (const watcher of watchers) watcher(change)
  }

  function sweep() {
    const now = clock()
    if (now < nextSweep) return
    nextSweep = now + sweepEvery
    records.sweep()
    stored.sweep()
  }

  return {
    guardWith(guard) {
      guards.add(guard)
      load()
    },
    read: async (alias) => records.read(alias),
    async write(record, settings) {
      const result = records.write(record, settings)
      if (!result.written) return result
      sweep()
      tell({ type: 'record', record })
      return result
    },
    async rotate(id, settings) {
      records.rotate(id, settings)
      const { from, to, userId, seal } = settings
      tell({ type: 'rotated', id, from, to, userId, seal })
    },
    async remove(id, expectedRev) {
      records.remove(id, expectedRev)
    },
    list: async (userId) => records.list(userId),
    async addTombstone(tombstone) {
      const merged = loaded().add(tombstone)
      tell({ type: 'tombstone', tombstone: merged })
      stored.write(merged)
    },
    findTombstone: (session) => loaded().find(session),
    watch(listener) {
      watchers.add(listener)
      return () => watchers.delete(listener)
    },
    async close() {
      watchers.clear()
      database.close()
    },
  }
}
