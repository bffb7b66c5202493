import type { Logger } from '../logger.ts'
import type { AnswerTime } from './fetch-jwks.ts'

/** The difference between a clock and Clerk's, ms; more than 0 where the clock is ahead. */
export interface ClockReading {
  /**
   * The shortest time lately from the making of a token, or of an answer of the key endpoint, by Clerk's clock to its
   * arrival by this one. It is the difference of the clocks plus the time on the way. Null before the first.
   */
  readonly offset: number | null
  /** The difference of the clocks, where it is certain that they differ by more than a few seconds; else null. */
  readonly skew: number | null
}

/** Compares a clock with Clerk's by what comes from there. Every moment is in epoch ms. */
export interface ClockWatch {
  /**
   * A token verified that was issued at this moment. `isUseless`: it had expired, though it was sent to sign somebody in.
   */
  noteToken(issuedAt: number, now: number, isUseless: boolean): void
  noteAnswer(answer: AnswerTime): void
  read(): ClockReading
  /** The skew as the log was told of it, so that errors stay the same from one token to the next; null where none is certain. */
  toldSkew(now: number): number | null
}

export interface ClockWatchOptions {
  readonly clock: () => number
  /** By how much the clocks may differ before a token is refused, ms. */
  readonly tolerance: number
  readonly logger: Logger
}

/** A clock that was set right is believed after twice this long, ms. */
const span = 300_000
/** The age up to which browsers send a token, ms. */
const tokenLife = 60_000
/** The number of expired tokens that show a clock to be ahead where there is no other evidence. */
const minExpired = 3
const maxExpired = 8
/** `Date` is in whole seconds, ms. */
const dateStep = 1_000

/**
 * Nothing arrives before it was made, so that the shortest time on the way bounds the difference of the clocks from above.
 * A clock that is behind is therefore certain as soon as one token comes from the future. A clock that is ahead only makes
 * tokens look old, and an attacker can send old tokens again. It is certain where an answer that this server asked for
 * says so, or where several tokens expired on the way and none came in time.
 */
export function createClockWatch({ clock, tolerance, logger }: ClockWatchOptions): ClockWatch {
  const limit = Math.min(Math.max(tolerance, 2_000), 10_000)
  let since = -Infinity
  let before = Infinity
  let least = Infinity
  /** The bound from below that the last answer of the key endpoint gives, and when it came. */
  let floor = { skew: -Infinity, at: -Infinity }
  let expired: readonly { readonly issuedAt: number; readonly offset: number; readonly at: number }[] = []
  let told: number | null = null

  const isRecent = (at: number, now: number) => Math.abs(now - at) < 2 * span

  function note(offset: number, now: number) {
    if (Math.abs(now - since) >= span) {
      before = least
      least = Infinity
      since = now
    }
    least = Math.min(least, offset)
  }

  function toSkew(now: number): number | null {
    const shortest = Math.min(least, before)
    if (Math.abs(shortest) < limit || shortest === Infinity) return null
    const isCertain = shortest < 0 || isAheadByAnswer(shortest, now) || isAheadByTokens(shortest, now)
    return isCertain ? shortest : null
  }

  /** An answer that a token has overtaken is older than it says: a cache kept it. */
  const isAheadByAnswer = (shortest: number, now: number) =>
    floor.skew >= limit && floor.skew <= shortest && isRecent(floor.at, now)
  const isAheadByTokens = (shortest: number, now: number) =>
    expired.filter(({ offset, at }) => isRecent(at, now) && offset < shortest + tokenLife).length >= minExpired

  /** Logs a difference once, and again where it has changed by much. */
  function tell(now: number) {
    const skew = toSkew(now)
    if (skew === null) {
      if (told !== null && Math.abs(Math.min(least, before)) < limit) {
        told = null
        logger.info('clock.right')
      }
      return
    }
    if (told !== null && Math.abs(skew - told) < Math.max(30_000, Math.abs(told) / 2)) return
    told = skew
    logger.warn('clock.skewed', {
      seconds: Math.round(Math.abs(skew) / 1_000),
      direction: skew > 0 ? 'ahead' : 'behind',
      remedy: "The server's clock and Clerk's differ, and so tokens are refused or expire early: set it by NTP",
    })
  }

  return {
    noteToken(issuedAt, now, isUseless) {
      const offset = now - issuedAt
      note(offset, now)
      if (isUseless && !expired.some((each) => each.issuedAt === issuedAt)) {
        expired = [...expired, { issuedAt, offset, at: now }].slice(-maxExpired)
      }
      if (told !== null || Math.abs(Math.min(least, before)) >= limit) tell(now)
    },
    // The next token tells whether the answer is as fresh as it says, so that nothing is logged here.
    noteAnswer({ date, took }) {
      const now = clock()
      floor = { skew: now - took - date - dateStep, at: now }
      note(now - date, now)
    },
    read() {
      const shortest = Math.min(least, before)
      return { offset: Number.isFinite(shortest) ? shortest : null, skew: toSkew(clock()) }
    },
    toldSkew: (now) => (toSkew(now) === null ? null : told),
  }
}
