import type { Logger } from '../logger.ts'
import type { AnswerTime } from './fetch-jwks.ts'

/** The difference between a clock and Clerk's, ms; positive if the clock is ahead. */
export interface ClockReading {
  /**
   * The shortest recent time from the making of a token, or of an answer of the key endpoint, by Clerk's clock to its
   * arrival by this one. It is the difference of the clocks plus the time in transit. Null before the first arrival.
   */
  readonly offset: number | null
  /** The difference of the clocks if it is certain that they differ by more than a few seconds; else null. */
  readonly skew: number | null
}

/** Compares a clock with Clerk's by the tokens and answers that come from Clerk. Every moment is in epoch ms. */
export interface ClockWatch {
  /**
   * Notes a verified token that was issued at this moment. `isUseless` is true if the token had expired although it was
   * sent to sign a user in.
   */
  noteToken(issuedAt: number, now: number, isUseless: boolean): void
  noteAnswer(answer: AnswerTime): void
  read(): ClockReading
  /**
   * Returns the skew that was last logged, so that error messages stay the same from one token to the next; null if no
   * skew is certain.
   */
  toldSkew(now: number): number | null
}

export interface ClockWatchOptions {
  readonly clock: () => number
  /** Allowed difference of the clocks before a token is refused, ms. */
  readonly tolerance: number
  readonly logger: Logger
}

/** Length of one period of readings, ms. A clock that was corrected is trusted after two periods. */
const span = 300_000
/** The age up to which browsers send a token, ms. */
const tokenLife = 60_000
/** The number of expired tokens that show a clock to be ahead where there is no other evidence. */
const minExpired = 3
const maxExpired = 8
/** `Date` is in whole seconds, ms. */
const dateStep = 1_000

/**
 * Nothing arrives before it was made, so the shortest time in transit is an upper bound for the difference of the
 * clocks. It is therefore certain that a clock is behind as soon as one token comes from the future. A clock that is
 * ahead only makes tokens look old, and an attacker can also send old tokens again. It is certain only if an answer
 * that this server asked for shows it, or if several tokens expired in transit and none came in time.
 */
export function createClockWatch({ clock, tolerance, logger }: ClockWatchOptions): ClockWatch {
  const limit = Math.min(Math.max(tolerance, 2_000), 10_000)
  let since = -Infinity
  let before = Infinity
  let least = Infinity
  /** The lower bound that the last answer of the key endpoint gives, and the moment when that answer came. */
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

  /** If a token took less time than this bound allows, the answer came from a cache and is older than it says. */
  const isAheadByAnswer = (shortest: number, now: number) =>
    floor.skew >= limit && floor.skew <= shortest && isRecent(floor.at, now)
  const isAheadByTokens = (shortest: number, now: number) =>
    expired.filter(({ offset, at }) => isRecent(at, now) && offset < shortest + tokenLife).length >= minExpired

  /** Logs a difference once, and again if it has changed by much. */
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
    // This logs nothing, because only the next token shows if the answer is as fresh as it says.
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
