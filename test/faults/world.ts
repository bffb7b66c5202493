import { type Random, createRandom } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'
import { toClimate, type FaultName, type Weather } from './weather.ts'

/** The state that every part of one case shares. */
export interface World {
  readonly time: VirtualTime
  readonly random: Random
  readonly weather: Weather
  /** The weather to which a case returns after a storm. */
  readonly climate: Weather
  /** How many seconds the tokens of this case live. `clockTolerance` is how many more seconds they count. */
  readonly tokenLife: number
  readonly clockTolerance: number
  /** True if the nodes have a secret with which they seal their records. */
  readonly isSealed: boolean
  /** How long a Clerk session may last on the server, ms; null in most cases. */
  readonly lifetime: SimLifetime | null
  readonly log: string[]
  readonly violations: Violation[]
  /** Counts a fault that took effect. */
  fired(fault: FaultName): void
  note(line: string): void
  violate(invariant: Invariant, detail: string): void
}

/** The lifetime of a case. Its members are Infinity for no bound. */
export interface SimLifetime {
  readonly idle: number
  readonly absolute: number
  /** The chance of the uses of the app. It is apart from the chance of the case, so that the other cases stay as they are. */
  readonly random: Random
}

export const invariants = {
  proof: 'never signed in without a currently valid token',
  signOut: 'no acknowledged sign-out lost',
  identity: 'no view mixing two users',
  rotation: 'a cookie shows nobody but the user that it was given out for',
  rev: 'rev only rises within a channel',
  order: 'a post that a newer one of its tab has overtaken signs nobody in',
  grace: 'who waits with a cookie that is for nobody is let in for 10 s at most',
  lifetime: 'nobody is signed in past the lifetime of a Clerk session, or past its idle time without a use',
  bounds: 'what one Clerk session, one user and one address hold on a node is bounded',
  agreement: 'once faults stop, every client agrees with the server within 35 s',
  internal: 'no unhandled error, no 500, no endless activity',
} as const

export type Invariant = keyof typeof invariants

export interface Violation {
  readonly invariant: Invariant
  readonly detail: string
}

/** One case in this many has a lifetime. */
const casesPerLifetime = 6

function toLifetime(seed: number): SimLifetime | null {
  const random = createRandom(seed ^ 0x11fe_71e5)
  if (random.below(casesPerLifetime) > 0) return null
  const bounds = random.pick(['idle', 'absolute', 'both'] as const)
  const toSpan = () => random.between(60, 110) * 1_000
  const [idle, absolute] = [toSpan(), toSpan()]
  return {
    idle: bounds === 'absolute' ? Infinity : idle,
    absolute: bounds === 'idle' ? Infinity : absolute,
    random,
  }
}

export interface WorldOptions {
  readonly time: VirtualTime
  readonly seed: number
  /** The chance of the case. */
  readonly random: Random
  readonly fired: Map<FaultName, number>
}

export function createWorld({ time, seed, random, fired }: WorldOptions): World {
  const log: string[] = []
  const violations: Violation[] = []
  const start = time.now()
  const climate = toClimate(random)
  const tokenLife = random.pick([30, 60])
  return {
    time,
    random,
    weather: { ...climate },
    climate,
    tokenLife,
    isSealed: tokenLife === 60,
    lifetime: toLifetime(seed),
    clockTolerance: random.pick([5, 60]),
    log,
    violations,
    fired: (fault) => void fired.set(fault, (fired.get(fault) ?? 0) + 1),
    note: (line) => void log.push(`${((time.now() - start) / 1_000).toFixed(3)} ${line}`),
    violate(invariant, detail) {
      log.push(`${((time.now() - start) / 1_000).toFixed(3)} VIOLATION ${invariant}: ${detail}`)
      violations.push({ invariant, detail })
    },
  }
}
