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
 * Files that run one after the other, while nothing else runs: `e2e/long-lived` measures how much memory stays behind,
 * and `nodes/failover` gives Redis real seconds to answer. All others passed on two cores that were fifteen times as
 * busy as two workers make them.
 */
const aloneFiles = ['e2e/long-lived', 'nodes/failover']

/**
 * Folders whose files share the process of a worker, which loads the sources once for all of them: this halves their
 * processor time. A test of these folders has to put back what it changes of the globals. No server runs in them.
 */
const sharedFolders = ['auth-machine', 'docs', 'explain', 'hub', 'jose', 'jwks', 'statechart', 'sync']

const toFile = (name: string) => `test/${name}.test.ts`

/** Returns the glob of the unit tests in a folder. */
function unitTestsIn(folder: string): string {
  const others = noUnitTests.flatMap((name) => (name.startsWith(`${folder}/`) ? [name.slice(folder.length + 1)] : []))
  return `test/${folder}/${others.length > 0 ? `!(${others.join('|')})` : '*'}.test.{ts,tsx}`
}

/** The globs of the unit tests that share a process. */
export const sharedTests = {
  include: sharedFolders.map(unitTestsIn),
}

/** The globs of the other unit tests. */
export const unitTests = {
  include: unitFolders.filter((folder) => !sharedFolders.includes(folder)).map(unitTestsIn),
}

/** The globs of all other tests that run on every core, one file on each. */
export const parallelTests = {
  include: ['test/**/*.test.{ts,tsx}'],
  exclude: [...sharedTests.include, ...aloneFiles.map(toFile)],
}

/** The globs of the tests that run alone. */
export const aloneTests = {
  include: aloneFiles.map(toFile),
}
