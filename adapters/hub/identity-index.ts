import type { AuthView } from '../../machines/auth-view.ts'
import type { LiveSession } from './live-session.ts'
import type { Grave } from './session-store.ts'

/** The sessions of a node by the Clerk session and the user that they prove, so that an end finds them without a search. */
export interface IdentityIndex {
  /** Notes what a session proves now. */
  place(session: LiveSession): void
  delete(session: LiveSession): void
  /** Those that prove a Clerk session or user: a copy, since what ends changes it. */
  find(kind: Grave['kind'], id: string): LiveSession[]
}

export function createIdentityIndex(): IdentityIndex {
  const found: Readonly<Record<Grave['kind'], SessionsById>> = { user: new Map(), session: new Map() }
  /** What each was placed by. */
  const placed = new Map<LiveSession, AuthView>()

  function remove(session: LiveSession) {
    const { userId, sessionId } = placed.get(session) ?? {}
    if (!placed.delete(session)) return
    removeFrom(found.user, userId!, session)
    removeFrom(found.session, sessionId!, session)
  }

  return {
    place(session) {
      const { identity } = session
      const { userId, sessionId } = identity
      const before = placed.get(session)
      const isThere = before?.userId === userId && before?.sessionId === sessionId
      if (!isThere) remove(session)
      if (userId === null || sessionId === null) return
      placed.set(session, identity)
      if (isThere) return
      addTo(found.user, userId, session)
      addTo(found.session, sessionId, session)
    },
    delete: remove,
    find(kind, id) {
      const sessions = found[kind].get(id)
      return sessions instanceof Set ? [...sessions] : sessions ? [sessions] : []
    },
  }
}

/** Most ids lead to one session, and then there is no need of a set. */
type SessionsById = Map<string, LiveSession | Set<LiveSession>>

function addTo(byId: SessionsById, id: string, session: LiveSession) {
  const sessions = byId.get(id)
  if (sessions instanceof Set) sessions.add(session)
  else byId.set(id, sessions ? new Set([sessions, session]) : session)
}

function removeFrom(byId: SessionsById, id: string, session: LiveSession) {
  const sessions = byId.get(id)
  if (sessions === session) byId.delete(id)
  if (!(sessions instanceof Set)) return
  sessions.delete(session)
  if (sessions.size === 0) byId.delete(id)
}
