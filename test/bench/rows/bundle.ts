/** Measures what a page downloads, minified by esbuild and gzipped, without the libraries that it has anyway. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { toValueRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** @returns KB of 1,000 bytes */
async function measure(code: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    external,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1_000
}

export const bundle: Bench = {
  rows: ['bundle/react-kb', 'bundle/client-kb'],
  async run({ wanted }) {
    const react = await measure(`export * from './react/index.ts'`, ['react', 'xstate', '@xstate/react'])
    const client = await measure(`export { createAuthClient } from './adapters/browser/index.ts'`, [])
    const xstate = await measure(
      `export { and, assign, cancel, createActor, createMachine, fromCallback, fromPromise, or, raise, spawnChild, stateIn, stopChild } from 'xstate'`,
      [],
    )
    return [
      {
        ...toValueRow('bundle/react-kb', [react]),
        note: 'actor-kit has 8.3 KB, convex/react with react-clerk 19.6 KB',
      },
      { ...toValueRow('bundle/client-kb', [client]), note: `of which XState's part alone is ${xstate.toFixed(1)} KB` },
    ].filter(({ name }) => wanted.has(name))
  },
}
