import { isGrave } from '../hub/grave-life.ts'
import type { Grave } from '../hub/session-store.ts'
import type { SqliteDatabase } from './open-database.ts'

/** The tombstones on the disk. */
export interface SqliteGraves {
  /** When it returns, the grave is on the disk, and outlives a loss of power. */
  write(grave: Grave): void
  /** Leaves out what is none: somebody else may have written to the file. */
  readAll(): Grave[]
  /** Forgets those whose time is over. */
  sweep(): void
}

interface EndRow {
  readonly kind: Grave['kind']
  readonly id: string
  readonly until: number
  readonly cleared_at: number | null
  readonly revoked_at: number | null
  readonly seals: string | null
}

/** @param clock Epoch ms. */
export function createSqliteGraves(database: SqliteDatabase, clock: () => number): SqliteGraves {
  const put = database.prepare(
    'INSERT OR REPLACE INTO ends (kind, id, until, cleared_at, revoked_at, seals) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const find = database.prepare('SELECT * FROM ends WHERE until > ?')
  const drop = database.prepare('DELETE FROM ends WHERE until <= ?')

  return {
    write({ kind, id, until, clearedAt, revokedAt, seals }) {
      database.exec('PRAGMA synchronous = FULL')
      try {
        put.run(kind, id, until, clearedAt ?? null, revokedAt ?? null, seals ? JSON.stringify(seals) : null)
      } finally {
        database.exec('PRAGMA synchronous = NORMAL')
      }
    },
    readAll: () => (find.all(clock()) as EndRow[]).map(toGrave).filter((grave) => isGrave(grave, clock())),
    sweep: () => void drop.run(clock()),
  }
}

function toGrave({ kind, id, until, cleared_at: clearedAt, revoked_at: revokedAt, seals }: EndRow): Grave {
  return {
    kind,
    id,
    until,
    ...(clearedAt !== null && { clearedAt }),
    ...(revokedAt !== null && { revokedAt }),
    ...(seals !== null && { seals: toSeals(seals) }),
  }
}

function toSeals(text: string): Grave['seals'] {
  try {
    return (JSON.parse(text) as Grave['seals']) ?? {}
  } catch {
    // Somebody else has written it: a guard finds no seal there.
    return {}
  }
}
