import type { Violation } from './world.ts'

/** The order for a worker process: one case for each seed, up to the first that breaks an invariant. */
export interface Order {
  readonly seeds: readonly number[]
}

/** A case that broke an invariant, with all that happened in it. */
export interface CaughtViolation extends Violation {
  /** Which of the cases that were asked for. */
  readonly index: number
  /** The digest of this case only. */
  readonly seed: number
  readonly log: readonly string[]
}

/** The report of a worker process. */
export type Answer =
  | { readonly type: 'case' }
  | ({ readonly type: 'violation' } & CaughtViolation)
  | { readonly type: 'end'; readonly digests: readonly string[]; readonly fired: Readonly<Record<string, number>> }
