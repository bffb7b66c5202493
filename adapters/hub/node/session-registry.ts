import { AuthError } from '../../../machines/auth-error.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createIdentityIndex, type IdentityIndex } from './identity-index.ts'
import { createSessionBounds, type SessionBounds, type SessionLimits } from './session-bounds.ts'
import { createSpareSessions, isHeld } from './spare-sessions.ts'

/** The sessions of one node, and the rules for how long each stays. */
export interface SessionRegistry {
  /**
   * Takes a session in. If the node is full, it ends another session that can be spared.
   * @throws AuthError `at-capacity`, or `too-many-sessions` of the address
   */
  add(session: LiveSession): void
  /** @see SessionBounds.reserve */
  readonly reserve: SessionBounds['reserve']
  get(id: string): LiveSession | undefined
  has(session: LiveSession): boolean
  /** The sessions that prove a Clerk session or user. */
  readonly find: IdentityIndex['find']
  /** Keeps a session while a request works on it, until `release` is called as often as `hold`. */
  hold(session: LiveSession): void
  release(session: LiveSession): void
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

export function createSessionRegistry({ limits, onEnd }: SessionRegistryOptions): SessionRegistry {
  const sessions = new Map<string, LiveSession>()
  const identities = createIdentityIndex()
  const spares = createSpareSessions(remove)
  const bounds = createSessionBounds({ limits, identities, spares, remove })

  function remove(session: LiveSession) {
    spares.delete(session)
    identities.delete(session)
    bounds.delete(session)
    if (sessions.delete(session.id)) onEnd(session)
  }

  function makeRoom(session: LiveSession) {
    if (sessions.size < limits.sessions) return
    const spare = spares.findFor(session)
    if (!spare) throw new AuthError('at-capacity', undefined, { retryAfter: 5_000 })
    remove(spare)
  }

  function reconsider(session: LiveSession) {
    if (!sessions.has(session.id)) return
    identities.place(session, session.identity)
    bounds.settle(session)
    spares.place(session)
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
    // A session that a stream reads is held with or without the request, so nothing has to be decided again.
    hold(session) {
      const wasHeld = isHeld(session)
      session.state.holds += 1
      if (!wasHeld) reconsider(session)
    },
    release(session) {
      session.state.holds -= 1
      if (session.state.holds === 0) bounds.release(session)
      if (!isHeld(session)) reconsider(session)
    },
    reconsider,
    clear() {
      for (const session of sessions.values()) remove(session)
    },
    get size() {
      return sessions.size
    },
    get signedIn() {
      return sessions.size - spares.anonymous
    },
    [Symbol.iterator]: () => sessions.values(),
  }
}
