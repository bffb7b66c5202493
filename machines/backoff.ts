/** The longest delay that a timer accepts (2^31 − 1 ms, about 24 days); a timer with a longer one fires at once. */
export const longestDelay = 2 ** 31 - 1

/** Returns the time left until `deadline` as a delay that every timer accepts. All values are in ms. */
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
 * Returns a bound that doubles with each attempt.
 *
 * @param attempt 0 for the first retry
 */
export function toBound(attempt: number, { first, most }: Backoff): number {
  return Math.min(most, first * 2 ** attempt)
}

/**
 * Returns a delay by exponential backoff with full jitter: anything from 0 up to the bound of the attempt. Clients that
 * failed together then do not come back together.
 *
 * @param attempt 0 for the first retry
 * @param random As `Math.random`
 */
export function fullJitter(attempt: number, backoff: Backoff, random: () => number): number {
  return random() * toBound(attempt, backoff)
}
