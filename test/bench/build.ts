import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const cache = at('../../node_modules/.cache/')

/**
 * Compiles the measured processes, all in the same way, so that they run on plain JavaScript. Packages are used as
 * their authors published them.
 *
 * @returns a function that gives the path of a process
 */
export async function buildProcesses(): Promise<(name: string) => string> {
  mkdirSync(cache, { recursive: true })
  const out = mkdtempSync(`${cache}authchart-bench-`)
  process.once('exit', () => rmSync(out, { recursive: true }))
  const names = ['server-process', 'cluster-process', 'reader-process', 'verify-process']
  await build({
    entryPoints: names.map((name) => at(`${name}.ts`)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  })
  return (name) => `${out}/${name}.mjs`
}
