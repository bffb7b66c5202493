import { AuthError } from '../../machines/auth-error.ts'

/** How many requests a session may still make. */
export interface RequestBudget {
  /** @throws AuthError `too-many-requests`, with the time until one more is allowed. */
  spend(now: number): void
}

const minute = 60_000

/** A bucket that holds `perMinute` requests and refills evenly. */
export function createRequestBudget(perMinute: number): RequestBudget {
  let left = perMinute
  let filledAt = -Infinity
  return {
    spend(now) {
      // A wall clock that jumps back must not freeze the bucket.
      const elapsed = Math.max(0, now - filledAt)
      left = Math.min(perMinute, left + (elapsed / minute) * perMinute)
      filledAt = now
      if (left < 1) {
        throw new AuthError('too-many-requests', undefined, { retryAfter: ((1 - left) / perMinute) * minute })
      }
      left -= 1
    },
  }
}
