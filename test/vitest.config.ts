import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { readEntryPoints } from './entry-points.ts'
import { aloneTests, parallelTests, sharedTests, unitTests } from './groups.ts'
import { reactVersion } from './react-version.ts'
import { SlowestFirst } from './slowest-first.ts'

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/**
 * Resolves the package's public names to its sources. Longer names come first, because Vite uses the first alias that
 * matches.
 */
export const sourceAliases: Readonly<Record<string, string>> = Object.fromEntries(
  readEntryPoints()
    .toSorted((a, b) => b.name.length - a.name.length)
    .map(({ name, source }) => [name, at(source)]),
)

const shared = {
  root: at(''),
  plugins: reactVersion(),
  resolve: { alias: sourceAliases },
}

// These limits stop tests that hang. They do not measure speed: on a busy machine a browser test takes ten times as
// long.
const limits = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 30_000 } },
}

const onEveryCore = { ...limits, maxWorkers: availableParallelism(), sequence: { groupOrder: 0 } }
/** One worker loads the sources once for all files that it runs, and each test starts without the stubs of another. */
const inOneProcess = { ...onEveryCore, ...sharedTests, isolate: false, unstubEnvs: true, unstubGlobals: true }

export default defineConfig({
  ...shared,
  test: {
    globalSetup: 'test/global-setup.ts',
    sequence: { sequencer: SlowestFirst },
    projects: [
      { ...shared, test: { ...onEveryCore, ...parallelTests, name: 'parallel' } },
      { ...shared, test: { ...inOneProcess, name: 'shared' } },
      // This group runs after the other one.
      { ...shared, test: { ...limits, ...aloneTests, name: 'alone', maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})

/** The options of the unit tests. They wait for nothing, so that each core runs one file. */
export const unitConfig = defineConfig({
  ...shared,
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      { ...shared, test: { ...onEveryCore, ...unitTests, name: 'unit' } },
      { ...shared, test: { ...inOneProcess, name: 'shared' } },
    ],
  },
})
