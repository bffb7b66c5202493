import type { SessionRecord } from '../../machines/session-record.ts'
import type { RotateOptions, StoredSession, WriteOptions, WriteResult } from '../hub/store/session-store.ts'
import type { SqliteDatabase } from './open-database.ts'
import { inTransaction } from './sqlite-tables.ts'

/** Records, and the aliases that lead to them. */
export interface SqliteRecords {
  read(alias: string): StoredSession | null
  write(record: SessionRecord, options: WriteOptions): WriteResult
  rotate(id: string, options: RotateOptions): void
  remove(id: string, expectedRev: number): void
  /** Forgets what has ended. */
  sweep(): void
}

interface CookieRow {
  readonly record: string
  readonly until: number | null
  readonly owner: string | null
  readonly seal: string | null
}

interface SessionRow {
  readonly rev: number
  readonly until: number
  readonly record: string
}

/** A cookie may be stored before its record; without one it is kept so long, ms. */
const orphanLife = 60_000

/** @param clock Epoch ms. */
export function createSqliteRecords(database: SqliteDatabase, clock: () => number): SqliteRecords {
  const findCookie = database.prepare(
    `SELECT sessions.record, cookies.until, cookies.owner, cookies.seal FROM cookies JOIN sessions USING (id)
     WHERE alias = ? AND sessions.until > ? AND (cookies.until IS NULL OR cookies.until > ?)`,
  )
  const findSession = database.prepare('SELECT rev, until, record FROM sessions WHERE id = ?')
  const putSession = database.prepare('INSERT OR REPLACE INTO sessions (id, rev, until, record) VALUES (?, ?, ?, ?)')
  const dropSession = database.prepare('DELETE FROM sessions WHERE id = ? AND rev = ?')
  const dropCookies = database.prepare('DELETE FROM cookies WHERE id = ?')
  const retireCookie = database.prepare(
    'INSERT OR REPLACE INTO cookies (alias, id, since, until, owner, seal) VALUES (?, ?, ?, ?, NULL, NULL)',
  )
  // A cookie that was retired since is not brought back.
  const putCookie = database.prepare(
    'INSERT OR IGNORE INTO cookies (alias, id, since, until, owner, seal) VALUES (?, ?, ?, NULL, ?, ?)',
  )
  const sweepSessions = database.prepare('DELETE FROM sessions WHERE until <= ?')
  const sweepCookies = database.prepare(
    `DELETE FROM cookies WHERE until <= ?
     OR (since <= ? AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = cookies.id))`,
  )

  return {
    read(alias) {
      const now = clock()
      const row = findCookie.get(alias, now, now) as CookieRow | undefined
      const record = row && (parse(row.record) as SessionRecord | null)
      if (!row || !record) return null
      const { until, owner, seal } = row
      return { record, retired: until !== null, ...toOwner(owner), ...(seal !== null && { seal }) }
    },
    write(record, { expectedRev, until }) {
      const row = findSession.get(record.id) as SessionRow | undefined
      const current = row && row.until > clock() ? row : undefined
      if ((current?.rev ?? null) !== expectedRev) {
        return { written: false, current: current ? (parse(current.record) as SessionRecord | null) : null }
      }
      putSession.run(record.id, record.rev, until, JSON.stringify(record))
      return { written: true }
    },
    rotate(id, { from, to, userId, seal, retireFor }) {
      const now = clock()
      inTransaction(database, () => {
        if (from !== null) retireCookie.run(from, id, now, now + retireFor)
        putCookie.run(to, id, now, userId === undefined ? null : JSON.stringify(userId), seal ?? null)
      })
    },
    remove(id, expectedRev) {
      inTransaction(database, () => {
        if (Number(dropSession.run(id, expectedRev).changes) > 0) dropCookies.run(id)
      })
    },
    sweep() {
      const now = clock()
      inTransaction(database, () => {
        sweepSessions.run(now)
        sweepCookies.run(now, now - orphanLife)
      })
    },
  }
}

/** `null` is a user id that is none, and no text at all says that nothing was noted. */
const toOwner = (owner: string | null): Pick<StoredSession, 'userId'> =>
  owner === null ? {} : { userId: parse(owner) as string | null }

/** What is no JSON was written by somebody else, and counts for nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
