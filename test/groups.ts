/** Folders of tests that need only Node: no browser, no Redis, no nginx, and no build. */
export const unitFolders = [
  'auth-machine',
  'clerk',
  'client',
  'docs',
  'explain',
  'h3',
  'hub',
  'jose',
  'jwks',
  'react',
  'statechart',
  'sync',
]

/**
 * Files of these folders that are no unit tests: those that need more than Node, those that run other tests again
 * behind nginx or over HTTP/2, and the searches that take longest.
 */
export const noUnitTests = [
  'auth-machine/serialize-view',
  'explain/random-trace',
  'h3/behind-nginx',
  'h3/http2',
  'h3/webhook',
  'hub/compile-chart',
  'hub/interleavings',
  'jose/portable',
  'jose/remembered-tokens',
  'sync/weather',
]

/**
 * Further folders whose files run beside others: they have no browser, and they pass on a machine that is many times
 * as busy as two of them make it.
 */
const furtherFolders = ['differential', 'frameworks', 'fuzz']

const parallelFolders = [...unitFolders, ...furtherFolders]
const inFolders = (folders: string) => `test/${folders}/**/*.test.{ts,tsx}`
const toFile = (name: string) => `test/${name}.test.ts`

/** The globs of the unit tests. */
export const unitTests = {
  include: unitFolders.map(inFolders),
  exclude: noUnitTests.map(toFile),
}

/** The globs of the tests that run on every core, one file on each. */
export const parallelTests = {
  include: parallelFolders.map(inFolders),
  exclude: noUnitTests.map(toFile),
}

/** The globs of the tests in all other folders. */
export const otherTests = {
  include: [inFolders('*')],
  exclude: parallelFolders.map(inFolders),
}

/** The files that the globs above leave out. */
export const remainingTests = {
  include: noUnitTests.map(toFile),
}
