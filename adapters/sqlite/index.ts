/**
 * A session store in a file, for one process that restarts.
 *
 * @module authchart/sqlite
 */

export { createSqliteSessionStore } from './sqlite-session-store.ts'
export type { SqliteSessionStoreOptions } from './sqlite-store-options.ts'
