/**
 * Runs the HTTP suite on other runtimes: it builds and packs the package, installs the runtimes, each an npm package,
 * into a folder of its own, starts a server on each, and uses it over real sockets as browsers do. It prints a table
 * and, as the last line, a JSON summary, and ends with 1 where something fails.
 *
 *     npm run test:runtimes
 *     npm run test:runtimes -- node24 bun
 */
import { rmSync } from 'node:fs'
import { checkRuntime, type Outcome } from './check-runtime.ts'
import { checkNames } from './checks/index.ts'
import { installRuntimes } from './install.ts'
import { runtimes } from './runtimes.ts'

const marks = { yes: 'yes', no: 'NO', cannot: 'cannot', undetermined: '–' } as const

const asked = process.argv.slice(2)
const unknown = asked.find((name) => !(name in runtimes))
if (unknown) throw new Error(`No runtime ${unknown}: there are ${Object.keys(runtimes).join(', ')}`)
const chosen = Object.entries(runtimes).filter(([name]) => asked.length === 0 || asked.includes(name))

if (process.platform !== 'linux' || process.arch !== 'x64') {
  throw new Error('The packages of the runtimes are those for Linux on x64')
}

const outcomes: Outcome[] = []
const folder = await installRuntimes(chosen.map(([, runtime]) => runtime))
try {
  for (const [name, runtime] of chosen) {
    const outcome = await checkRuntime(name, runtime, folder)
    outcomes.push(outcome)
    for (const failure of outcome.failures) console.error(`${name}: ${failure}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

for (const { name, title } of outcomes) console.log(`${name}: ${title}`)
console.log(`| | ${outcomes.map(({ name }) => name).join(' | ')} |\n|---|${'---|'.repeat(outcomes.length)}`)
for (const check of checkNames) {
  console.log(`| ${check} | ${outcomes.map(({ results }) => marks[results[check]]).join(' | ')} |`)
}
if (outcomes.some(({ failures }) => failures.length > 0)) process.exitCode = 1
console.log(JSON.stringify({ runtimes: outcomes }))
