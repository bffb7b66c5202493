/** Measures what a page downloads, minified by esbuild with code splitting and gzipped file by file, without the libraries that it has anyway. */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { toValueRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Sizes in KB of 1,000 bytes. */
interface PageSize {
  /** The files that the page needs before its first content. */
  readonly first: number
  /** The file that `start()` loads. */
  readonly runtime: number
}

async function measure(code: string, external: string[] = []): Promise<PageSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: 'page.js' },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: root,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    external,
  })
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [relative(root, path), gzipSync(contents, { level: 9 }).length / 1_000]),
  )
  const toKb = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0)
  const toImports = (file: string, kind: string) =>
    (metafile.outputs[file]?.imports ?? []).filter((each) => each.kind === kind && !each.external)

  /** Adds a file, and those that it imports statically. */
  const collect = (file: string, files = new Set<string>()): Set<string> => {
    if (files.has(file)) return files
    files.add(file)
    for (const { path } of toImports(file, 'import-statement')) collect(path, files)
    return files
  }
  const page = Object.keys(metafile.outputs).find((file) => metafile.outputs[file]?.entryPoint === 'page.js') ?? ''
  const first = collect(page)
  const later = toImports(page, 'dynamic-import').flatMap(({ path }) => [...collect(path)])
  return { first: toKb(first), runtime: toKb(new Set(later.filter((file) => !first.has(file)))) }
}

export const bundle: Bench = {
  rows: ['bundle/react-kb', 'bundle/client-kb', 'bundle/visitor-kb'],
  async run({ wanted }) {
    const react = await measure(`export * from './react/index.ts'`, [
      'react',
      'react/jsx-runtime',
      'xstate',
      '@xstate/react',
    ])
    const client = await measure(`export { createAuthClient } from './adapters/browser/index.ts'`)
    const xstate = await measure(
      `export { and, assign, cancel, createActor, createMachine, fromCallback, fromPromise, not, or, raise, spawnChild, stateIn, stopChild } from 'xstate'`,
    )
    return [
      {
        ...toValueRow('bundle/react-kb', [react.first]),
        note: 'actor-kit has 8.3 KB, convex/react with react-clerk 19.6 KB',
      },
      {
        ...toValueRow('bundle/client-kb', [client.first + client.runtime]),
        note: `of which XState's part alone is ${xstate.first.toFixed(1)} KB, and ${client.runtime.toFixed(1)} KB are loaded at the start`,
      },
      toValueRow('bundle/visitor-kb', [client.first]),
    ].filter(({ name }) => wanted.has(name))
  },
}
