import { AuthError } from '../../machines/auth-error.ts'
import { createIdentityIndex } from './identity-index.ts'
import type { IdentityIndex } from './identity-index.ts'
import type { LiveSession } from './live-session.ts'
import { setUnrefTimeout } from '../unref-clock.ts'

/** The sessions of one node, and how long each stays. */
export interface SessionRegistry {
  /**
   * Takes a session in. At the limit another one goes for it, which is anonymous or whose cookie never came back: the one
   * that was left first; where none was, the first anonymous one that is read, but only for a signed-in newcomer.
   * @throws AuthError `at-capacity`
   */
  add(session: LiveSession): void
  get(id: string): LiveSession | undefined
  has(session: LiveSession): boolean
  /** The sessions that prove a Clerk session or user. */
  readonly find: IdentityIndex['find']
  /** Keeps a session while a request works on it. → release */
  hold(session: LiveSession): () => void
  /** Looks again at whether a session is still needed. */
  reconsider(session: LiveSession): void
  /** Ends every session. */
  clear(): void
  readonly size: number
  readonly signedIn: number
  [Symbol.iterator](): Iterator<LiveSession>
}

export interface SessionRegistryOptions {
  /** Sessions at most. */
  readonly limit: number
  readonly onEnd: (session: LiveSession) => void
}

/** How long a session that nobody reads, works on or is signed in to waits for its browser to come back, ms. */
const grace = 5_000
/** How long one that is signed in waits for the first request with its cookie, ms. */
const claimGrace = 30_000

export function createSessionRegistry({ limit, onEnd }: SessionRegistryOptions): SessionRegistry {
  const sessions = new Map<string, LiveSession>()
  /** In the order in which they became so. */
  const anonymous = new Set<LiveSession>()
  const identities = createIdentityIndex()
  const holds = new Map<LiveSession, number>()
  /** Of those that are not needed, in the order in which they were left. */
  const graces = new Map<LiveSession, ReturnType<typeof setTimeout>>()

  const isHeld = (session: LiveSession) => holds.has(session) || session.streams.size > 0
  /** A guest comes back from the store when it is asked for: else every node would hold every session in the end. */
  const isKept = ({ seat }: LiveSession) => !(seat.isGuest || seat.isUnclaimed) || seat.controller !== null
  const isNeeded = (session: LiveSession) => isHeld(session) || (isKept(session) && session.view().isSignedIn)

  const toGrace = ({ seat, identity }: LiveSession) => (seat.isUnclaimed && identity.isSignedIn ? claimGrace : grace)

  function remove(session: LiveSession) {
    clearTimeout(graces.get(session))
    graces.delete(session)
    anonymous.delete(session)
    identities.delete(session)
    if (sessions.delete(session.id)) onEnd(session)
  }

  const isSpare = (session: LiveSession) => anonymous.has(session) || session.seat.isUnclaimed

  function findSpare(candidates: Iterable<LiveSession>): LiveSession | null {
    for (const session of candidates) if (isSpare(session) && !holds.has(session)) return session
    return null
  }

  function makeRoom(newcomer: LiveSession) {
    if (sessions.size < limit) return
    // All that nobody reads or works on have a grace: there may be very many others to look at.
    const spare = findSpare(graces.keys()) ?? (newcomer.identity.isSignedIn ? findSpare(anonymous) : null)
    if (spare) return remove(spare)
    throw new AuthError('at-capacity', undefined, { retryAfter: 5_000 })
  }

  function reconsider(session: LiveSession) {
    if (!sessions.has(session.id)) return
    if (session.identity.isSignedIn) anonymous.delete(session)
    else anonymous.add(session)
    identities.place(session)
    if (isNeeded(session)) {
      clearTimeout(graces.get(session))
      graces.delete(session)
    } else if (!graces.has(session)) {
      graces.set(
        session,
        setUnrefTimeout(() => {
          graces.delete(session)
          if (!isNeeded(session)) remove(session)
        }, toGrace(session)),
      )
    }
  }

  return {
    add(session) {
      makeRoom(session)
      sessions.set(session.id, session)
      reconsider(session)
    },
    get: (id) => sessions.get(id),
    has: (session) => sessions.get(session.id) === session,
    find: (kind, id) => identities.find(kind, id),
    hold(session) {
      holds.set(session, (holds.get(session) ?? 0) + 1)
      reconsider(session)
      return () => {
        const left = (holds.get(session) ?? 1) - 1
        if (left > 0) holds.set(session, left)
        else holds.delete(session)
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
