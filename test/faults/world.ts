import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'
import { toClimate } from './weather.ts'
import type { FaultName, Weather } from './weather.ts'

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
  readonly log: string[]
  readonly violations: Violation[]
  /** Counts a fault that took effect. */
  fired(fault: FaultName): void
  note(line: string): void
  violate(invariant: Invariant, detail: string): void
}

export const invariants = {
  proof: 'never signed in without a currently valid token',
  signOut: 'no acknowledged sign-out lost',
  identity: 'no view mixing two users',
  rotation: 'a cookie shows nobody but the user that it was given out for',
  rev: 'rev only rises within a channel',
  order: 'a post that a newer one of its tab has overtaken signs nobody in',
  grace: 'who waits with a cookie that is for nobody is let in for 10 s at most',
  bounds: 'what one Clerk session, one user and one address hold on a node is bounded',
  agreement: 'once faults stop, every client agrees with the server within 35 s',
  internal: 'no unhandled error, no 500, no endless activity',
} as const

export type Invariant = keyof typeof invariants

export interface Violation {
  readonly invariant: Invariant
  readonly detail: string
}

export function createWorld(time: VirtualTime, random: Random, fired: Map<FaultName, number>): World {
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
