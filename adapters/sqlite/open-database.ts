import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

export type SqliteValue = string | number | null

/** A statement, as node:sqlite and better-sqlite3 both have it. */
export interface SqliteStatement {
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
}

/** The part of a database of node:sqlite or better-sqlite3 that the store uses. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): void
}

type OpenDatabase = new (path: string) => SqliteDatabase

const require = createRequire(import.meta.url)

/** Node's own SQLite where it has one, which it has from 22.13 on, else better-sqlite3. */
function findDriver(): OpenDatabase {
  try {
    return (require('node:sqlite') as { DatabaseSync: OpenDatabase }).DatabaseSync
  } catch {
    return requireBetterSqlite()
  }
}

function requireBetterSqlite(): OpenDatabase {
  try {
    return require('better-sqlite3') as OpenDatabase
  } catch (cause) {
    throw new Error(
      'createSqliteSessionStore: this Node has no node:sqlite. Use Node 22.13 or later, or install better-sqlite3',
      { cause },
    )
  }
}

/** Ms to wait for a process that is about to end and still has the file. */
const busyTimeout = 5_000

/**
 * Opens a database for this process alone: another one would not be told of what is decided here.
 *
 * @throws Error where there is no driver, or the file cannot be opened or is in use
 */
export function openDatabase(path: string): SqliteDatabase {
  const Database = findDriver()
  createFile(path)
  const database = new Database(path)
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    // Before the journal is touched: then no other process can read or write from the first statement on.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    // What is written outlives the process at once, and a loss of power after the next flush. A flush takes the loop some
    // milliseconds, and a session that is lost is proven again: only tombstones are worth one each.
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('BEGIN EXCLUSIVE')
    database.exec('COMMIT')
    return database
  } catch (cause) {
    database.close()
    if (!isBusy(cause)) throw cause
    throw new Error(
      `createSqliteSessionStore: another process has ${path} open. Give each a file of its own, or use createRedisSessionStore for several processes`,
      { cause },
    )
  }
}

/**
 * Makes the file readable by its owner alone, and what SQLite adds beside it gets the same rights. One that is there is
 * not opened: on POSIX its closing would take every lock that this process has on it.
 */
function createFile(path: string) {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

const isBusy = (error: unknown) => error instanceof Error && /locked|busy/i.test(error.message)
