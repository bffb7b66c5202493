import { configDefaults, defineConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** Folders of tests that need only Node: no browser, no Redis, no nginx, and no build. */
const folders = [
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
 * Excluded files: those that run other tests again behind nginx or over HTTP/2, and the searches that take longest.
 */
const excluded = [
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

export default defineConfig({
  ...config,
  test: {
    ...config.test,
    globalSetup: [],
    include: folders.map((folder) => `test/${folder}/**/*.test.{ts,tsx}`),
    exclude: [...configDefaults.exclude, ...excluded.map((name) => `test/${name}.test.ts`)],
  },
})
