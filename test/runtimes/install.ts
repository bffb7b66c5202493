import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { packPackage } from '../pack-package.ts'
import type { Runtime } from './runtimes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const fixture = fileURLToPath(new URL('fixture/', import.meta.url))
/** What the entry points of the fixture need beside authchart. */
const peers = ['@clerk/backend', 'h3', 'jose', 'redis', 'xstate']

/**
 * Makes a folder in which the runtimes can run: their packages, the packed package with its peers, and the fixture.
 *
 * @returns the folder, which the caller removes
 */
export async function installRuntimes(runtimes: readonly Runtime[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'authchart-runtimes-'))
  const tarball = await packPackage(folder)
  const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  const dependencies = Object.assign(
    { authchart: `file:${tarball}` },
    Object.fromEntries(peers.map((name) => [name, devDependencies[name]])),
    ...runtimes.map(({ packages }) => packages),
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  // The runtime's packages are binaries. Scripts of packages are not run, and the engines are those of other runtimes.
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await promisify(execFile)('npm', ['install', ...flags], { cwd: folder, maxBuffer: 1e8 })
  await buildFixture(folder)
  return folder
}

/** What a CommonJS package of the Worker calls for Node's modules, which workerd has. */
const requireOfWorker =
  "import { createRequire as toRequire } from 'node:module'; const require = toRequire('file:///worker.mjs');"

/**
 * Translates the fixture, from a copy in the folder, where `authchart` is the packed package and not the sources. The
 * package stays a package of `node_modules`, except in the Worker, which is one file.
 */
async function buildFixture(folder: string): Promise<void> {
  const from = join(folder, 'fixture')
  cpSync(fixture, from, { recursive: true })
  const shared = { bundle: true, format: 'esm', target: 'es2022', platform: 'node', logLevel: 'warning' } as const
  for (const name of ['node', 'web', 'workerd']) {
    await build({
      ...shared,
      entryPoints: [join(from, `${name}.ts`)],
      outfile: join(folder, `${name}.mjs`),
      packages: 'external',
    })
  }
  await build({
    ...shared,
    entryPoints: [join(from, 'worker.ts')],
    outfile: join(folder, 'worker.mjs'),
    external: ['cloudflare:workers'],
    conditions: ['workerd', 'worker'],
    mainFields: ['module', 'main'],
    banner: { js: requireOfWorker },
  })
}
