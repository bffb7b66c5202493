import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { readEntryPoints } from './entry-points.ts'
import { aloneTests, parallelTests, unitTests } from './groups.ts'
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

export default defineConfig({
  ...shared,
  test: {
    globalSetup: 'test/global-setup.ts',
    sequence: { sequencer: SlowestFirst },
    // The groups run one after the other.
    projects: [
      {
        ...shared,
        test: {
          ...limits,
          ...parallelTests,
          name: 'parallel',
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      { ...shared, test: { ...limits, ...aloneTests, name: 'alone', maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})

/** The options of the unit tests. They wait for nothing, so that each core runs one file. */
export const unitConfig = defineConfig({
  ...shared,
  test: {
    ...limits,
    ...unitTests,
    sequence: { sequencer: SlowestFirst },
    maxWorkers: availableParallelism(),
  },
})
