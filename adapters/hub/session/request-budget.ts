import { AuthError } from '../../../machines/auth-error.ts'

const minute = 60_000

/** The requests that a session may still make: a bucket that holds `perMinute` of them and refills evenly. */
export class RequestBudget {
  readonly #perMinute: number
  #left: number
  #filledAt = 0

  constructor(perMinute: number) {
    this.#perMinute = perMinute
    this.#left = perMinute
  }

  /** @throws AuthError `too-many-requests`, with the time until one more is allowed. */
  spend(now: number) {
    const perMinute = this.#perMinute
    // A wall clock that jumps back must not freeze the bucket.
    const elapsed = Math.max(0, now - this.#filledAt)
    this.#left = Math.min(perMinute, this.#left + (elapsed / minute) * perMinute)
    this.#filledAt = now
    if (this.#left < 1) {
      throw new AuthError('too-many-requests', undefined, { retryAfter: ((1 - this.#left) / perMinute) * minute })
    }
    this.#left -= 1
  }
}
