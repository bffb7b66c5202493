import type { SqliteDatabase } from './open-database.ts'

/** The version of the tables, in the header of the file. */
const version = 2

const tables = `
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, rev INTEGER NOT NULL, until REAL NOT NULL, record TEXT NOT NULL, user_id TEXT
);
CREATE INDEX sessions_until ON sessions (until);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE cookies (
  alias TEXT PRIMARY KEY, id TEXT NOT NULL, since REAL NOT NULL, until REAL, owner TEXT, seal TEXT
) WITHOUT ROWID;
CREATE INDEX cookies_id ON cookies (id);
CREATE INDEX cookies_until ON cookies (until);
CREATE TABLE ends (
  kind TEXT NOT NULL, id TEXT NOT NULL, until REAL NOT NULL, cleared_at REAL, revoked_at REAL, seals TEXT, reason TEXT,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX ends_until ON ends (until);
PRAGMA user_version = ${version};
`

/** Turns the tables of version 1 into those of this version. The next renewal of a session notes its user. */
const migration = `
ALTER TABLE sessions ADD COLUMN user_id TEXT;
CREATE INDEX sessions_user ON sessions (user_id);
ALTER TABLE ends ADD COLUMN reason TEXT;
PRAGMA user_version = ${version};
`

/**
 * Creates the tables in a new file, and brings those of an earlier version up to date.
 *
 * @throws Error if the file belongs to another program or to another version
 */
export function prepareTables(database: SqliteDatabase): void {
  const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (found === version) return
  if (found === 1) return inTransaction(database, () => database.exec(migration))
  const { count } = database.prepare('SELECT count(*) AS count FROM sqlite_master').get() as { count: number }
  if (found !== 0 || count > 0) {
    throw new Error('createSqliteSessionStore: path leads to a database that is not one of this version of authchart')
  }
  inTransaction(database, () => database.exec(tables))
}

/** Runs statements as one transaction: all of them count, or none. */
export function inTransaction(database: SqliteDatabase, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    // An error of the disk may have ended the transaction already.
    try {
      database.exec('ROLLBACK')
    } catch {
      // There is nothing left to roll back.
    }
    throw error
  }
}
