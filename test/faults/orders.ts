import type { Violation } from './world.ts'

/** What a worker process is to do: one case for each seed, up to the first that breaks an invariant. */
export interface Order {
  readonly seeds: readonly number[]
}

/** A case that broke an invariant, with all that happened in it. */
export interface CaughtViolation extends Violation {
  /** Which of the cases that were asked for. */
  readonly index: number
  /** Of this case alone. */
  readonly seed: number
  readonly log: readonly string[]
}

/** What a worker process tells. */
export type Answer =
  | { readonly type: 'case' }
  | ({ readonly type: 'violation' } & CaughtViolation)
  | { readonly type: 'end'; readonly digests: readonly string[]; readonly fired: Readonly<Record<string, number>> }
