import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** For another Node, which runs the tests of the SQLite store on what the run that starts it has built. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['test/store/sqlite-session-store.test.ts'], testTimeout: 30_000 },
})
