import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { reactVersion } from './react-version.ts'
import { readEntryPoints } from './entry-points.ts'
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

export default defineConfig({
  root: at(''),
  plugins: reactVersion(),
  resolve: { alias: sourceAliases },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: 'test/global-setup.ts',
    // The number of workers is Vitest's own, one less than there are cores. Browsers and servers take the other core: on
    // two cores, two workers took 723 s and one took 791 s, and tests in real time got in each other's way.
    sequence: { sequencer: SlowestFirst },
    // These limits stop tests that hang. They do not measure speed: on a busy machine a browser test takes ten times
    // as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
