import { hasSignal } from '../session/identity-signals.ts'
import { AuthError } from '../../../machines/auth-error.ts'
import { createIdentityIndex } from './identity-index.ts'
import type { IdentityIndex } from './identity-index.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createSessionBounds, recentFor } from './session-bounds.ts'
import type { SessionBounds, SessionLimits } from './session-bounds.ts'
import { setUnrefTimeout } from '../../timing/unref-clock.ts'

/** The sessions of one node, and the rules for how long each stays. */
export interface SessionRegistry {
  /**
   * Takes a session in. If the node is full, it ends another session: the one left first among those that are anonymous
   * or whose cookie never came back. If there is none, a signed-in newcomer takes the place of the first anonymous
   * session, even if that is read, or else of the signed-in session without a stream that was not asked for the
   * longest.
   * @throws AuthError `at-capacity`, or `too-many-sessions` of the address
   */
  add(session: LiveSession): void
  /** @see SessionBounds.reserve */
  readonly reserve: SessionBounds['reserve']
  get(id: string): LiveSession | undefined
  has(session: LiveSession): boolean
  /** The sessions that prove a Clerk session or user. */
  readonly find: IdentityIndex['find']
  /** Keeps a session while a request works on it. @returns a function that ends that */
  hold(session: LiveSession): () => void
  /** Decides again if a session is still needed. */
  reconsider(session: LiveSession): void
  /** Ends every session. */
  clear(): void
  readonly size: number
  readonly signedIn: number
  [Symbol.iterator](): Iterator<LiveSession>
}

export interface SessionRegistryOptions {
  readonly limits: SessionLimits & { readonly sessions: number }
  readonly onEnd: (session: LiveSession) => void
}

/** How long a session that nobody reads, works on or is signed in to waits for its browser to come back, ms. */
const grace = 5_000
/** How long a signed-in session waits for the first request with its cookie, ms. */
const claimGrace = 30_000
/** How many signed-in sessions are looked at to find one that can be spared. */
const maxLooks = 16

export function createSessionRegistry({ limits, onEnd }: SessionRegistryOptions): SessionRegistry {
  const sessions = new Map<string, LiveSession>()
  /** The anonymous sessions, in the order in which they became anonymous. */
  const anonymous = new Set<LiveSession>()
  const identities = createIdentityIndex()
  const holds = new Map<LiveSession, number>()
  /**
   * The signed-in sessions that are needed but neither read nor worked on, in the order in which they became so or were
   * last found in use.
   */
  const idle = new Set<LiveSession>()
  /** The timers of the sessions that are not needed, in the order in which they were left. */
  const graces = new Map<LiveSession, ReturnType<typeof setTimeout>>()

  const isHeld = (session: LiveSession) => holds.has(session) || session.streams.size > 0
  /** A session with a signal is kept, because the work that the signal guards may still go on. */
  /**
   * A session that another node decided, or whose cookie never came back, is not kept while nobody uses it: it comes
   * back from the store when it is asked for. Otherwise every node would hold every session in the end.
   */
  const isKept = (session: LiveSession) =>
    !(session.state.isFollower || session.state.isUnclaimed) || hasSignal(session)
  const isNeeded = (session: LiveSession) => isHeld(session) || (isKept(session) && session.view().isSignedIn)

  const toGrace = ({ state, identity }: LiveSession) => (state.isUnclaimed && identity.isSignedIn ? claimGrace : grace)

  const bounds = createSessionBounds({
    limits,
    identities,
    findSpare: findSpareOf,
    findAnonymous: findSpare,
    remove,
  })

  function remove(session: LiveSession) {
    stopGrace(session)
    anonymous.delete(session)
    idle.delete(session)
    identities.delete(session)
    bounds.delete(session)
    if (sessions.delete(session.id)) onEnd(session)
  }

  const isSpare = (session: LiveSession) => anonymous.has(session) || session.state.isUnclaimed

  function findSpare(candidates: Iterable<LiveSession>): LiveSession | null {
    for (const session of candidates) if (isSpare(session) && !holds.has(session)) return session
    return null
  }

  const isInUse = (session: LiveSession) =>
    isHeld(session) || hasSignal(session) || performance.now() - session.state.usedAt < recentFor

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

  /** @returns the oldest session of one owner that is not needed, else the one that was not asked for the longest */
  function findSpareOf(candidates: readonly LiveSession[]): LiveSession | null {
    let spare = candidates.find((session) => graces.has(session)) ?? null
    if (spare) return spare
    for (const session of candidates) {
      if (isInUse(session)) continue
      if (!spare || session.state.usedAt < spare.state.usedAt) spare = session
    }
    return spare
  }

  function makeRoom({ identity }: LiveSession) {
    if (sessions.size < limits.sessions) return
    // Every unneeded session has a grace timer, so only those are searched: there may be very many others.
    const spare = findSpare(graces.keys()) ?? (identity.isSignedIn ? (findSpare(anonymous) ?? findIdle()) : null)
    if (spare) return remove(spare)
    throw new AuthError('at-capacity', undefined, { retryAfter: 5_000 })
  }

  function reconsider(session: LiveSession) {
    if (!sessions.has(session.id)) return
    if (session.identity.isSignedIn) anonymous.delete(session)
    else anonymous.add(session)
    identities.place(session, session.identity)
    bounds.settle(session)
    if (isHeld(session)) {
      idle.delete(session)
      stopGrace(session)
    } else if (isNeeded(session)) {
      stopGrace(session)
      noteIdle(session)
    } else {
      idle.delete(session)
      startGrace(session)
    }
  }

  function noteIdle(session: LiveSession) {
    if (idle.has(session)) return
    idle.add(session)
    session.state.usedAt = performance.now()
  }

  function stopGrace(session: LiveSession) {
    clearTimeout(graces.get(session))
    graces.delete(session)
  }

  function startGrace(session: LiveSession) {
    if (graces.has(session)) return
    const end = () => {
      graces.delete(session)
      if (!isNeeded(session)) remove(session)
    }
    graces.set(session, setUnrefTimeout(end, toGrace(session)))
  }

  return {
    add(session) {
      // The bound of the address comes first, so that a refused session does not cost another one its place.
      bounds.add(session)
      try {
        makeRoom(session)
      } catch (error) {
        bounds.delete(session)
        throw error
      }
      sessions.set(session.id, session)
      reconsider(session)
    },
    get: (id) => sessions.get(id),
    has: (session) => sessions.get(session.id) === session,
    find: (kind, id) => identities.find(kind, id),
    reserve: (session, identity) => bounds.reserve(session, identity),
    hold(session) {
      holds.set(session, (holds.get(session) ?? 0) + 1)
      reconsider(session)
      return () => {
        const left = (holds.get(session) ?? 1) - 1
        if (left > 0) {
          holds.set(session, left)
        } else {
          holds.delete(session)
          bounds.release(session)
        }
        reconsider(session)
      }
    },
    reconsider,
    clear() {
      for (const session of sessions.values()) remove(session)
    },
    get size() {
      return sessions.size
    },
    get signedIn() {
      return sessions.size - anonymous.size
    },
    [Symbol.iterator]: () => sessions.values(),
  }
}
