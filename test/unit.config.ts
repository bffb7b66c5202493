import { configDefaults, defineConfig } from 'vitest/config'
import config from './vitest.config.ts'

/** Folders of tests that need nothing but Node: no browser, no Redis, no nginx, and nothing that is built. */
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

/** Files there that run the tests of others once more, behind nginx or over HTTP/2, and searches that take longest. */
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
