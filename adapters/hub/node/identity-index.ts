import type { LiveSession } from '../session/live-session.ts'
import type { Tombstone } from '../store/session-store.ts'
import { SessionsByKey } from './sessions-by-key.ts'

/** Sessions by Clerk session and by user, so that the sessions of an ended one are found without a search. */
export interface IdentityIndex {
  /** Notes the Clerk session and the user of a session, and forgets those that it had before. */
  place(session: LiveSession, identity: PlacedIdentity): void
  /** @returns true where the session is noted with this Clerk session and user */
  isPlaced(session: LiveSession, identity: PlacedIdentity): boolean
  delete(session: LiveSession): void
  /** @returns a copy, because ending its sessions changes the index */
  find(kind: Tombstone['kind'], id: string): LiveSession[]
  /** @returns how many sessions have a Clerk session or user, not counting `session` itself */
  countOthers(kind: Tombstone['kind'], id: string, session: LiveSession): number
}

export interface PlacedIdentity {
  readonly userId: string | null
  readonly sessionId: string | null
}

export function createIdentityIndex(): IdentityIndex {
  const found: Readonly<Record<Tombstone['kind'], SessionsByKey>> = {
    user: new SessionsByKey(),
    session: new SessionsByKey(),
  }
  /** The identity under which each session is placed. */
  const placed = new Map<LiveSession, PlacedIdentity>()

  function remove(session: LiveSession) {
    const { userId, sessionId } = placed.get(session) ?? {}
    if (!placed.delete(session)) return
    found.user.delete(userId!, session)
    found.session.delete(sessionId!, session)
  }

  return {
    place(session, identity) {
      const { userId, sessionId } = identity
      const before = placed.get(session)
      const isThere = before?.userId === userId && before?.sessionId === sessionId
      if (!isThere) remove(session)
      if (userId === null || sessionId === null) return
      placed.set(session, identity)
      if (isThere) return
      found.user.add(userId, session)
      found.session.add(sessionId, session)
    },
    isPlaced(session, { userId, sessionId }) {
      const before = placed.get(session)
      return before !== undefined && before.userId === userId && before.sessionId === sessionId
    },
    delete: remove,
    find: (kind, id) => found[kind].find(id),
    countOthers: (kind, id, session) => found[kind].countOthers(id, session),
  }
}
