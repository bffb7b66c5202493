import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * The configuration for another Node that runs the tests of the SQLite store. It uses the build of the run that
 * starts it.
 */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['test/store/sqlite-session-store.test.ts'], testTimeout: 30_000 },
})
