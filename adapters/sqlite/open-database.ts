import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

export type SqliteValue = string | number | null

/** A statement, in the form that node:sqlite and better-sqlite3 share. */
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

/** Returns Node's own SQLite, which exists from Node 22.13 on, else better-sqlite3. */
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

/** Time to wait for a process that is about to end and still has the file, ms. */
const busyTimeout = 5_000

/**
 * Opens a database only for this process, because another process would not hear of the decisions made here.
 *
 * @throws Error if there is no driver, or the file cannot be opened or is in use
 */
export function openDatabase(path: string): SqliteDatabase {
  const Database = findDriver()
  createFile(path)
  const database = new Database(path)
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    // The lock comes before the journal is touched, so that no other process can read or write from the first statement
    // on.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    // Written data outlive the process at once, and a loss of power after the next flush. A flush blocks the event loop
    // for some milliseconds. Only tombstones are worth a flush each, because a lost session is proven again.
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
 * Creates the file so that only its owner can read it; files that SQLite adds beside it get the same rights. An
 * existing file is not opened, because on POSIX closing it would release every lock that this process has on it.
 */
function createFile(path: string) {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

const isBusy = (error: unknown) => error instanceof Error && /locked|busy/i.test(error.message)
