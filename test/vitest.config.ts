import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { reactVersion } from './react-version.ts'
import { SlowestFirst } from './slowest-first.ts'

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/**
 * Resolves the package's public names to its sources. Longer names come first, because Vite uses the first alias that
 * matches.
 */
export const sourceAliases = {
  'authchart/react/clerk-react': at('react/clerk-react/index.ts'),
  'authchart/react/clerk': at('react/clerk/index.ts'),
  'authchart/react': at('react/index.ts'),
  'authchart/h3': at('adapters/h3/index.ts'),
  'authchart/store': at('adapters/hub/store/index.ts'),
  'authchart/jose': at('adapters/jose/index.ts'),
  'authchart/clerk': at('adapters/clerk/index.ts'),
  'authchart/redis': at('adapters/redis/index.ts'),
  'authchart/sqlite': at('adapters/sqlite/index.ts'),
  'authchart/inspector': at('adapters/inspector/index.ts'),
  'authchart/client': at('adapters/browser/index.ts'),
  'authchart/testing': at('test/kit/index.ts'),
  'authchart/vue': at('adapters/vue/index.ts'),
  'authchart/svelte': at('adapters/svelte/index.ts'),
  'authchart/solid': at('adapters/solid/index.ts'),
  authchart: at('machines/index.ts'),
}

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
