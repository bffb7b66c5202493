import { hasSignal } from '../session/identity-signals.ts'
import type { LiveSession } from '../session/live-session.ts'

/** How long a session that nobody reads, works on or is signed in to waits for its browser to come back, ms. */
const grace = 5_000
/** How long a signed-in session waits for the first request with its cookie, ms. */
const claimGrace = 30_000
/** How long a session that a request has asked for counts as in use, ms. */
export const recentFor = 30_000

/** @returns true while a request works on a session, or a stream reads it */
export const isHeld = ({ state, streams }: LiveSession): boolean => state.holds > 0 || streams.size > 0

/** @returns true if ending a session would take something away from somebody who uses it now */
export const isInUse = (session: LiveSession): boolean =>
  isHeld(session) || hasSignal(session) || performance.now() - session.state.usedAt < recentFor

/**
 * @returns true if a session is to stay though nobody works on it or reads it
 *
 * A session with a signal is kept, because the work that the signal guards may still go on. Otherwise a session that
 * another node decided, or whose cookie never came back, is not kept while nobody uses it: it comes back from the store
 * when it is asked for. If it were kept, every node would hold every session in the end.
 */
export const isKept = (session: LiveSession): boolean =>
  (!(session.state.isFollower || session.state.isUnclaimed) || hasSignal(session)) && session.view().isSignedIn

/** @returns how long a session that is not needed waits for its browser, ms */
export const toGrace = ({ state, identity }: LiveSession): number =>
  state.isUnclaimed && identity.isSignedIn ? claimGrace : grace
