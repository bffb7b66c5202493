import { createHash } from 'node:crypto'
import { act } from './adversary.ts'
import { createRandom, type Random } from './random.ts'
import { setScene } from './scene.ts'
import { takeOverChance } from './seeded-ids.ts'
import { takeOverTime, type Party } from './virtual-time.ts'
import type { FaultName } from './weather.ts'
import { createWorld, type Violation, type World } from './world.ts'

export interface CaseResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly log: readonly string[]
  /** The digest of the whole log. Two runs of one seed have the same. */
  readonly digest: string
  readonly steps: number
}

/** How long every client may take to agree after the faults have stopped, in ms. */
const agreementWithin = 35_000
/** A case with more steps than this has run into an endless loop. */
const maxSteps = 30_000

/**
 * Creates the runner for the cases of this process.
 *
 * @returns a function that runs one case after another, in virtual time that starts from each seed. It takes over the
 * process, so there can be only one.
 */
export function createCaseRunner(fired: Map<FaultName, number>): (seed: number) => Promise<CaseResult> {
  const time = takeOverTime()
  let random: Random = createRandom(0)
  let world: World | null = null
  takeOverChance(() => random)
  const report = (error: unknown) =>
    world?.violate('internal', `unhandled: ${error instanceof Error ? error.stack : String(error)}`)
  process.on('unhandledRejection', report)
  process.on('uncaughtException', report)

  async function play(current: World): Promise<number> {
    let steps = 0
    const isOver = () => current.violations.length > 0 || steps > maxSteps
    const scene = setScene(current)
    const afterEach = async (party: Party | null) => {
      steps += 1
      if (party) await scene.oracle.inspect(party)
    }
    async function advance(ms: number) {
      if (!isOver()) await time.advanceTo(time.now() + ms, afterEach)
    }

    const tempo = random.pick([1_000, 6_000])
    for (let left = random.between(6, 24); left > 0 && !isOver(); left -= 1) {
      await advance(random.chance(0.15) ? random.between(10_000, 60_000) : random.between(1, tempo))
      act(scene)
    }
    await advance(random.between(1, 3_000))
    scene.heal()
    // A message that was held up on its way is still a fault until it arrives.
    await advance(Math.max(0, scene.network.clearsAt - time.now()))
    await advance(agreementWithin)
    if (!isOver()) {
      const disagreement = await scene.oracle.findDisagreement()
      if (disagreement) current.violate('agreement', disagreement)
      scene.oracle.tryCookies()
      await advance(1_000)
    }
    if (steps > maxSteps) current.violate('internal', 'the activity does not end')
    return steps
  }

  return async (seed) => {
    time.reset()
    random = createRandom(seed)
    const current = createWorld({ time, seed, random, fired })
    world = current
    const steps = await play(current)
    const digest = createHash('sha256').update(current.log.join('\n')).digest('hex')
    return { seed, violations: current.violations, log: current.log, digest, steps }
  }
}
