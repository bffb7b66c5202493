import { createOptionCheck, isObject, isText, type OptionCheck } from '../option-check.ts'

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

const memoryProblem =
  'must be the path of a file: what is kept in memory is lost, and createMemorySessionStore() is for that'
const check: OptionCheck = createOptionCheck('createSqliteSessionStore: ')

/**
 * Returns the options merged over the defaults.
 *
 * @throws TypeError that names the option which cannot be used
 */
export function resolveSqliteStoreOptions(options: SqliteSessionStoreOptions): Required<SqliteSessionStoreOptions> {
  check.require('options', isObject(options), 'must be an object')
  check.requireKnown(options, names)
  const { path, clock = Date.now } = options
  check.require('path', isText(path), "must be the path of a file, such as 'data/sessions.db'")
  // SQLite gives such names a special meaning.
  check.require('path', !/^(?::|file:)/.test(path), memoryProblem)
  check.requireClock(clock)
  return { path, clock }
}
