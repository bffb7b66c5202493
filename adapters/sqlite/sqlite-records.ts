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
  list(userId: string): SessionRecord[]
  /** Removes sessions and cookies that have ended. */
  sweep(): void
}

interface CookieRow {
  readonly rev: unknown
  readonly record: string
  readonly until: unknown
  readonly owner: string | null
  readonly seal: string | null
}

interface SessionRow {
  readonly rev: unknown
  readonly until: number
  readonly record: string
}

/** Time for which a cookie without a record is kept, ms, because a cookie may be stored before its record. */
const orphanLife = 60_000

/** No cookie is retired for longer, ms. */
const longestRetirement = 70_000

/** @param clock Epoch ms. */
export function createSqliteRecords(database: SqliteDatabase, clock: () => number): SqliteRecords {
  const findCookie = database.prepare(
    `SELECT sessions.rev, sessions.record, cookies.until, cookies.owner, cookies.seal FROM cookies JOIN sessions USING (id)
     WHERE alias = ? AND sessions.until > ? AND (cookies.until IS NULL OR cookies.until > ?)`,
  )
  const findSession = database.prepare('SELECT rev, until, record FROM sessions WHERE id = ?')
  const listSessions = database.prepare('SELECT rev, record FROM sessions WHERE user_id = ? AND until > ?')
  const putSession = database.prepare(
    'INSERT OR REPLACE INTO sessions (id, rev, until, record, user_id) VALUES (?, ?, ?, ?, ?)',
  )
  const dropSession = database.prepare('DELETE FROM sessions WHERE id = ? AND rev = ?')
  const dropCookies = database.prepare('DELETE FROM cookies WHERE id = ?')
  const retireCookie = database.prepare(
    'INSERT OR REPLACE INTO cookies (alias, id, since, until, owner, seal) VALUES (?, ?, ?, ?, NULL, NULL)',
  )
  // A cookie that was retired since then is not brought back.
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
      if (!row) return null
      const { until, owner, seal } = row
      const record = parseRecord(row)
      const noted = parseOwner(owner)
      const isRetired = until !== null
      // Clocks are set, but not by more than a minute: a cookie that is retired for longer was written by somebody else.
      if (!noted || (isRetired && !(Number(until) <= now + longestRetirement))) {
        return { record, retired: false, isUnreadable: true }
      }
      return { record, retired: isRetired, ...noted, ...(seal !== null && { seal }) }
    },
    write(record, { expectedRev, until }) {
      const row = findSession.get(record.id) as SessionRow | undefined
      const current = row && row.until > clock() ? parseRecord(row) : null
      // A writer that expects no record replaces an unreadable one.
      const currentRev = current?.rev ?? null
      if (currentRev !== expectedRev) {
        return { written: false, current, ...(current === unreadable && { currentRev }) }
      }
      putSession.run(record.id, record.rev, until, JSON.stringify(record), record.userId)
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
    list: (userId) => (listSessions.all(userId, clock()) as unknown as SessionRow[]).map(parseRecord),
    sweep() {
      const now = clock()
      inTransaction(database, () => {
        sweepSessions.run(now)
        sweepCookies.run(now, now - orphanLife)
      })
    },
  }
}

/** Stands for a record that another program has spoiled. The server sees that it is no record, and logs it. */
const unreadable = {} as SessionRecord

/** Refuses a record whose `rev` differs from that of its row, which writers compare: it could not be replaced. */
function parseRecord({ record: text, rev }: Pick<SessionRow, 'record' | 'rev'>): SessionRecord {
  const record = parse(text) as SessionRecord | null
  return record && record.rev === rev ? record : unreadable
}

/** `null` is a user id that is none, and no text at all says that nothing was noted. @returns null for what is neither */
function parseOwner(owner: string | null): Pick<StoredSession, 'userId'> | null {
  if (owner === null) return {}
  const userId = parse(owner)
  return userId === null || typeof userId === 'string' ? { userId } : null
}

/** @returns what no store has written where the text is no JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return unreadable
  }
}
