import { setUnrefTimeout } from '../../timing/unref-clock.ts'
import { hasSignal } from '../session/identity-signals.ts'
import type { LiveSession } from '../session/live-session.ts'
import { noteIdle } from '../session/session-state.ts'

/** The sessions that a node can do without, from those that it ends by itself to those that it ends only for others. */
export type SpareSessions = ReturnType<typeof createSpareSessions>

/** How long a session that nobody reads, works on or is signed in to waits for its browser to come back, ms. */
const grace = 5_000
/** How long a signed-in session waits for the first request with its cookie, ms. */
const claimGrace = 30_000
/** How long a session that a request has asked for counts as in use, ms. */
export const recentFor = 30_000
/** How many signed-in sessions are looked at to find one that can be spared. */
const maxLooks = 16

/** @param end Ends a session that is not needed and whose browser did not come back in time. */
export function createSpareSessions(end: (session: LiveSession) => void) {
  /** The anonymous sessions, in the order in which they became anonymous. */
  const anonymous = new Set<LiveSession>()
  /**
   * The signed-in sessions that are needed but neither read nor worked on, in the order in which they became so or were
   * last found in use.
   */
  const idle = new Set<LiveSession>()
  /** The timers of the sessions that are not needed, in the order in which they were left. */
  const graces = new Map<LiveSession, ReturnType<typeof setTimeout>>()

  const isSpare = (session: LiveSession) => anonymous.has(session) || session.state.isUnclaimed

  function findAnonymous(candidates: Iterable<LiveSession>): LiveSession | null {
    for (const session of candidates) if (isSpare(session) && session.state.holds === 0) return session
    return null
  }

  /** @returns the signed-in session that was not asked for the longest, as nearly as a few looks can tell */
  function findIdle(): LiveSession | null {
    let looks = maxLooks
    for (const session of idle) {
      if (!isInUse(session)) return session
      if ((looks -= 1) === 0) return null
      idle.delete(session)
      idle.add(session)
    }
    return null
  }

  function addIdle(session: LiveSession) {
    if (idle.has(session)) return
    idle.add(session)
    noteIdle(session.state)
  }

  function startGrace(session: LiveSession) {
    if (graces.has(session)) return
    const run = () => {
      graces.delete(session)
      if (!isHeld(session) && !isKept(session)) end(session)
    }
    graces.set(session, setUnrefTimeout(run, toGrace(session)))
  }

  function stopGrace(session: LiveSession) {
    clearTimeout(graces.get(session))
    graces.delete(session)
  }

  return {
    /** Decides again if a session can be spared. */
    place(session: LiveSession) {
      if (session.identity.isSignedIn) anonymous.delete(session)
      else anonymous.add(session)
      const isRead = isHeld(session)
      if (!isRead && !isKept(session)) {
        idle.delete(session)
        startGrace(session)
        return
      }
      stopGrace(session)
      if (isRead) idle.delete(session)
      else addIdle(session)
    },

    delete(session: LiveSession) {
      stopGrace(session)
      anonymous.delete(session)
      idle.delete(session)
    },

    /**
     * @returns the session that makes room for a newcomer in a full node: the one left first among those that are
     * anonymous or unclaimed. If there is none, a signed-in newcomer takes the place of the first anonymous session,
     * even if that is read, or else of the signed-in session that was not asked for the longest.
     */
    findFor({ identity }: LiveSession): LiveSession | null {
      // Every unneeded session has a grace timer, so only those are searched: there may be very many others.
      return findAnonymous(graces.keys()) ?? (identity.isSignedIn ? (findAnonymous(anonymous) ?? findIdle()) : null)
    },

    /** @returns the oldest session of one owner that is not needed, else the one that was not asked for the longest */
    findAmong(candidates: readonly LiveSession[]): LiveSession | null {
      let spare = candidates.find((session) => graces.has(session)) ?? null
      if (spare) return spare
      for (const session of candidates) {
        if (isInUse(session)) continue
        if (!spare || session.state.usedAt < spare.state.usedAt) spare = session
      }
      return spare
    },

    /** @returns the first anonymous or unclaimed session that no request works on; it may have a stream */
    findAnonymous,

    /** How many sessions are anonymous. */
    get anonymous() {
      return anonymous.size
    },
  }
}

/** @returns true while a request works on a session, or a stream reads it */
export const isHeld = ({ state, streams }: LiveSession): boolean => state.holds > 0 || streams.size > 0

/** @returns true if ending a session would take something away from somebody who uses it now */
const isInUse = (session: LiveSession): boolean =>
  isHeld(session) || hasSignal(session) || performance.now() - session.state.usedAt < recentFor

/**
 * @returns true if a session is to stay though nobody works on it or reads it
 *
 * A session with a signal is kept, because the work that the signal guards may still go on. Otherwise a session that
 * another node decided, or whose cookie never came back, is not kept while nobody uses it: it comes back from the store
 * when it is asked for. If it were kept, every node would hold every session in the end.
 */
const isKept = (session: LiveSession): boolean =>
  (!(session.state.isFollower || session.state.isUnclaimed) || hasSignal(session)) && session.view().isSignedIn

/** @returns how long a session that is not needed waits for its browser, ms */
const toGrace = ({ state, identity }: LiveSession): number =>
  state.isUnclaimed && identity.isSignedIn ? claimGrace : grace
