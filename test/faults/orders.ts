import type { Violation } from './world.ts'

/** The order for a worker process: it runs one case for each seed, up to the first that breaks an invariant. */
export interface Order {
  readonly seeds: readonly number[]
  /** The keys of Clerk, as PEM. */
  readonly keys: readonly string[]
}

/** A case that broke an invariant, with its whole log. */
export interface CaughtViolation extends Violation {
  /** The index of the case among those that were asked for. */
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
