/** The longest delay a timer takes: a longer one fires at once (2^31 − 1 ms, about 24 days). */
export const longestDelay = 2 ** 31 - 1

/** What is left until `deadline`, as a delay that every timer takes. All in ms. */
export function toDelay(deadline: number, now: number): number {
  return Math.min(Math.max(deadline - now, 0), longestDelay)
}

export interface Backoff {
  /** Upper bound of the first delay, ms. */
  readonly first: number
  /** Upper bound of every delay, ms. */
  readonly most: number
}

/**
 * Exponential backoff with full jitter: anything from 0 up to a bound that doubles with each attempt, so that many
 * clients which failed together do not come back together.
 *
 * @param attempt 0 for the first retry
 * @param random  as `Math.random`
 */
export function fullJitter(attempt: number, { first, most }: Backoff, random: () => number): number {
  return random() * Math.min(most, first * 2 ** attempt)
}
