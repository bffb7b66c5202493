/**
 * Builds the examples of frameworks for production, each in a folder of its own with the packed package, starts them and
 * signs in. Their packages are heavy, so no test installs them. It prints a table and, as the last line, a JSON summary,
 * and ends with 1 where something fails.
 *
 *     npm run test:frameworks
 *     npm run test:frameworks -- next nuxt
 *     npm run test:frameworks -- clerk-packages  # type-checks `useAuth` of each of Clerk's packages for React
 *     npm run test:frameworks -- react-18        # runs the tests of the React binding with React 18.3
 *     npm run test:frameworks -- --dev next      # does the same with the development server, which has no build
 *     npm run test:frameworks -- --serve next    # stays up for a person, with the emulator or with CLERK_SECRET_KEY and
 *                                                # CLERK_PUBLISHABLE_KEY of the environment
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packPackage } from '../pack-package.ts'
import { checkClerkPackages, clerkPackages } from './check-clerk-packages.ts'
import { checkFramework } from './check-framework.ts'
import { checkReact18 } from './check-react-18.ts'
import { frameworks } from './frameworks.ts'
import { pageSteps, steps, type Outcome } from './sign-in-and-out.ts'

const args = process.argv.slice(2)
const isServed = args.includes('--serve')
const isDev = args.includes('--dev')
const asked = args.filter((arg) => !arg.startsWith('--'))
const names = [...Object.keys(frameworks), 'clerk-packages', 'react-18']
const unknown = asked.find((name) => !names.includes(name))
if (unknown) throw new Error(`No example ${unknown}: there are ${names.join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'authchart-frameworks-'))
const outcomes: Outcome[] = []
let clerk: 'ok' | 'failed' | undefined
let react18: 'ok' | 'failed' | undefined
try {
  const tarball = await packPackage(folder)
  for (const name of asked.length > 0 ? asked : names) {
    if (name === 'clerk-packages') {
      const failure = await checkClerkPackages(folder, tarball)
      if (failure) console.error(`${name}: ${failure}`)
      clerk = failure ? 'failed' : 'ok'
      continue
    }
    if (name === 'react-18') {
      const failure = await checkReact18(folder)
      if (failure) console.error(`${name}: ${failure}`)
      react18 = failure ? 'failed' : 'ok'
      continue
    }
    const outcome = await checkFramework({ name, folder, tarball, isServed, isDev })
    outcomes.push(outcome)
    if (outcome.failure) console.error(`${name}: ${outcome.failure}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

console.log(`| framework | version | ${steps.join(' | ')} |\n|---|---|${'---|'.repeat(steps.length)}`)
for (const { name, version, done, hasPage } of outcomes) {
  const marks = steps.map((step) => (!hasPage && pageSteps.includes(step) ? '–' : done.includes(step) ? 'yes' : 'no'))
  console.log(`| ${name} | ${version} | ${marks.join(' | ')} |`)
}
if (clerk !== undefined) console.log(`useAuth of ${Object.keys(clerkPackages).join(', ')}: ${clerk}`)
if (react18 !== undefined) console.log(`React 18.3: ${react18}`)
if ([clerk, react18].includes('failed') || outcomes.some(({ failure }) => failure)) process.exitCode = 1
console.log(JSON.stringify({ frameworks: outcomes, clerkPackages: clerk, react18 }))
