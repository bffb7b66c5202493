export interface SqliteSessionStoreOptions {
  /** The file of the database, on a local disk; it is made where there is none, readable by its owner alone. One that is there keeps its rights. */
  readonly path: string
  /** The wall clock, epoch ms; default `Date.now`. Give the one of the auth server. */
  readonly clock?: () => number
}

const names: readonly string[] = ['path', 'clock'] satisfies readonly (keyof SqliteSessionStoreOptions)[]

/** The options over the defaults. @throws TypeError naming the one that cannot be used */
export function resolveSqliteStoreOptions(options: SqliteSessionStoreOptions): Required<SqliteSessionStoreOptions> {
  if (typeof options !== 'object' || options === null) fail('options', 'must be an object')
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) fail(unknown, `is not an option; there are ${names.join(', ')}`)
  const { path, clock = Date.now } = options
  if (typeof path !== 'string' || path === '') fail('path', "must be the path of a file, such as 'data/sessions.db'")
  // SQLite takes these for something else than a file of that name.
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
