import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildWorker } from './build-worker.ts'
import type { CaughtViolation } from './orders.ts'
import { plants, type Plant } from './plants.ts'
import { toCaseSeed } from './random.ts'
import { runCases } from './run-cases.ts'
import { faultNames } from './weather.ts'
import { invariants } from './world.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** A planted bug that survives this many cases has escaped. */
const casesPerPlant = 1_500
/** In this many cases every fault should take effect. If one does not, something prevents it. */
const enoughForEveryFault = 1_000

const { values: args } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(Math.min(availableParallelism(), 2)) },
    plant: { type: 'string' },
    'list-plants': { type: 'boolean', default: false },
    'no-plants': { type: 'boolean', default: false },
  },
})

const toNumber = (name: string, text: string) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`--${name} must be a whole number`)
  return value
}
const seed = toNumber('seed', args.seed ?? String(Date.now() % 2 ** 31)) >>> 0
const cases = toNumber('cases', args.cases)
const jobs = Math.max(1, toNumber('jobs', args.jobs))

const toSeeds = (count: number) => Array.from({ length: count }, (_, index) => toCaseSeed(seed, index))

function report({ seed, invariant, detail, log }: CaughtViolation, replay: string) {
  console.log(`\nseed ${seed}: ${invariants[invariant]}\n${detail}\n`)
  console.log(log.join('\n'))
  console.log(`\nreplay: npm run faults -- --seed ${seed} --cases 1${replay}`)
}

function progress(what: string) {
  const every = Math.max(1, Math.ceil(cases / 10))
  return (done: number) => {
    if (done % every === 0) console.log(`${what} ${done} of ${cases}`)
  }
}

/** Looks for a case that shows a planted bug. It starts with the last known case, unless a seed is given. */
async function hunt(plant: Plant, most: number, workers: number): Promise<CaughtViolation | null> {
  const { script, remove } = await buildWorker(root, plant)
  const search = async (seeds: readonly number[]) =>
    (await runCases({ seeds, jobs: workers, script })).violations[0] ?? null
  try {
    const isKnown = plant.shownBy !== undefined && (args.plant === undefined || args.seed === undefined)
    const known = isKnown ? await search([plant.shownBy ?? 0]) : null
    return known ?? (await search(toSeeds(most)))
  } finally {
    await remove()
  }
}

/**
 * Hunts every planted bug.
 *
 * @param script the worker without any bug
 * @returns the number of planted bugs that were caught
 */
async function huntAll(script: string): Promise<number> {
  const waiting = [...plants]
  const caughtBy: number[] = []
  const huntNext = async () => {
    for (let plant = waiting.shift(); plant; plant = waiting.shift()) {
      try {
        const violation = await hunt(plant, casesPerPlant, 1)
        if (!violation) throw new Error(`not in ${casesPerPlant} cases`)
        caughtBy.push(violation.seed)
        console.log(
          `caught   ${plant.name}: seed ${violation.seed}, case ${violation.index + 1}, ${violation.invariant}`,
        )
      } catch (error) {
        console.log(`ESCAPED  ${plant.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: jobs }, huntNext))
  // A failure that also happens without the bug does not prove that the bug was caught.
  const { violations } = await runCases({ seeds: caughtBy, jobs, script })
  for (const violation of violations) report(violation, '')
  const unclean = new Set(violations.map(({ seed }) => seed))
  return caughtBy.filter((seed) => !unclean.has(seed)).length
}

function listPlants() {
  for (const { name, what, file } of plants) console.log(`${name.padEnd(26)} ${what} (${file})`)
}

async function runPlanted(name: string) {
  const plant = plants.find((each) => each.name === name)
  if (!plant) throw new TypeError(`--plant must be one of ${plants.map((each) => each.name).join(', ')}`)
  const violation = await hunt(plant, cases, jobs)
  if (violation) report(violation, ` --plant ${name}`)
  console.log(violation ? `caught by seed ${violation.seed}` : `escaped ${cases} cases`)
  // An escaped bug is a failure of another kind than a caught one.
  process.exitCode = violation ? 1 : 2
  summarize({ cases, violations: violation ? 1 : 0, planted: 1, caught: violation ? 1 : 0, fired: {} })
}

async function runDefault(script: string) {
  console.log(`faults: --seed ${seed} --cases ${cases}, ${jobs} processes`)
  const result = await runCases({ seeds: toSeeds(cases), jobs, script, onCase: progress('case') })
  for (const violation of result.violations) report(violation, '')
  console.log(`digest ${result.digest}`)
  const planted = args['no-plants'] ? 0 : plants.length
  const caught = args['no-plants'] ? 0 : await huntAll(script)
  const fired = Object.fromEntries(faultNames.map((name) => [name, result.fired[name] ?? 0]))
  const idle = cases >= enoughForEveryFault ? faultNames.filter((name) => fired[name] === 0) : []
  if (idle.length > 0) console.log(`never took effect: ${idle.join(', ')}`)
  process.exitCode = result.violations.length > 0 || caught < planted || idle.length > 0 ? 1 : 0
  summarize({ cases: result.cases, violations: result.violations.length, planted, caught, fired })
}

interface Summary {
  readonly cases: number
  readonly violations: number
  readonly planted: number
  readonly caught: number
  readonly fired: Readonly<Record<string, number>>
}

/** Returns the last line of the output. */
function summarize({ cases, ...rest }: Summary) {
  console.log(JSON.stringify({ cases, seed, ...rest }))
}

if (args['list-plants']) listPlants()
else if (args.plant !== undefined) await runPlanted(args.plant)
else {
  const { script, remove } = await buildWorker(root)
  await runDefault(script).finally(remove)
}
