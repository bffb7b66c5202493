export { createSqliteSessionStore } from './sqlite-session-store.ts'
export type { SqliteSessionStoreOptions } from './sqlite-store-options.ts'
