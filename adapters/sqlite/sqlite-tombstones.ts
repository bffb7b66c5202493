import type { Tombstone } from '../hub/store/session-store.ts'
import { isTombstone } from '../hub/store/tombstone.ts'
import type { SqliteDatabase } from './open-database.ts'

/** The tombstones on the disk. */
export interface SqliteTombstones {
  /** Writes a tombstone. When it returns, the tombstone is on the disk and outlives a loss of power. */
  write(tombstone: Tombstone): void
  /** Returns all valid tombstones. It skips other rows, because another program may have written to the file. */
  readAll(): Tombstone[]
  /** Removes tombstones that have ended. */
  sweep(): void
}

interface EndRow {
  readonly kind: Tombstone['kind']
  readonly id: string
  readonly until: number
  readonly cleared_at: number | null
  readonly revoked_at: number | null
  readonly seals: string | null
  readonly reason: string | null
}

/** @param clock Epoch ms. */
export function createSqliteTombstones(database: SqliteDatabase, clock: () => number): SqliteTombstones {
  const put = database.prepare(
    'INSERT OR REPLACE INTO ends (kind, id, until, cleared_at, revoked_at, seals, reason) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const find = database.prepare('SELECT * FROM ends WHERE until > ?')
  const drop = database.prepare('DELETE FROM ends WHERE until <= ?')

  return {
    write({ kind, id, until, clearedAt, revokedAt, seals, reason }) {
      database.exec('PRAGMA synchronous = FULL')
      try {
        const sealText = seals ? JSON.stringify(seals) : null
        put.run(kind, id, until, clearedAt ?? null, revokedAt ?? null, sealText, reason ?? null)
      } finally {
        database.exec('PRAGMA synchronous = NORMAL')
      }
    },
    readAll: () =>
      (find.all(clock()) as EndRow[]).map(toTombstone).filter((tombstone) => isTombstone(tombstone, clock())),
    sweep: () => void drop.run(clock()),
  }
}

function toTombstone({
  kind,
  id,
  until,
  cleared_at: clearedAt,
  revoked_at: revokedAt,
  seals,
  reason,
}: EndRow): Tombstone {
  return {
    kind,
    id,
    until,
    ...(clearedAt !== null && { clearedAt }),
    ...(revokedAt !== null && { revokedAt }),
    ...(reason === 'lifetime' && { reason }),
    ...(seals !== null && { seals: toSeals(seals) }),
  }
}

function toSeals(text: string): Tombstone['seals'] {
  try {
    return (JSON.parse(text) as Tombstone['seals']) ?? {}
  } catch {
    // Another program has written this text, so a guard finds no seal in it.
    return {}
  }
}
