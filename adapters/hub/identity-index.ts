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
  const found = new Map<string, Set<LiveSession>>()
  const placed = new Map<LiveSession, readonly string[]>()

  function remove(session: LiveSession) {
    for (const key of placed.get(session) ?? []) {
      const sessions = found.get(key)
      sessions?.delete(session)
      if (sessions?.size === 0) found.delete(key)
    }
    placed.delete(session)
  }

  return {
    place(session) {
      const { userId, sessionId } = session.identity
      const keys = userId === null || sessionId === null ? [] : [toKey('user', userId), toKey('session', sessionId)]
      const before = placed.get(session) ?? []
      if (keys.length === before.length && keys.every((key, index) => key === before[index])) return
      remove(session)
      if (keys.length === 0) return
      placed.set(session, keys)
      for (const key of keys) found.set(key, (found.get(key) ?? new Set()).add(session))
    },
    delete: remove,
    find: (kind, id) => [...(found.get(toKey(kind, id)) ?? [])],
  }
}

const toKey = (kind: Grave['kind'], id: string) => `${kind}:${id}`
