/** Options of {@link createSqliteSessionStore}. */
export interface SqliteSessionStoreOptions {
  /**
   * The file of the database, on a local disk. A new file is readable only by its owner; an existing file keeps its
   * rights.
   */
  readonly path: string
  /** The wall clock, epoch ms; default `Date.now`. Use the clock of the auth server. */
  readonly clock?: () => number
}

const names: readonly string[] = ['path', 'clock'] satisfies readonly (keyof SqliteSessionStoreOptions)[]

/**
 * Returns the options merged over the defaults.
 *
 * @throws TypeError that names the option which cannot be used
 */
export function resolveSqliteStoreOptions(options: SqliteSessionStoreOptions): Required<SqliteSessionStoreOptions> {
  if (typeof options !== 'object' || options === null) fail('options', 'must be an object')
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) fail(unknown, `is not an option; there are ${names.join(', ')}`)
  const { path, clock = Date.now } = options
  if (typeof path !== 'string' || path === '') fail('path', "must be the path of a file, such as 'data/sessions.db'")
  // SQLite gives such names a special meaning.
  if (path.startsWith(':') || path.startsWith('file:')) {
    fail(
      'path',
      'must be the path of a file: what is kept in memory is lost, and createMemorySessionStore() is for that',
    )
  }
  if (typeof clock !== 'function') fail('clock', 'must be a function that returns epoch ms')
  return { path, clock }
}

function fail(name: string, problem: string): never {
  throw new TypeError(`createSqliteSessionStore: ${name} ${problem}`)
}
