import { inSlices } from '../../timing/slices.ts'
import type { Tombstone } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { HubParts } from './hub-requests.ts'

/** A Clerk session or user to sign out, by Clerk's id. */
export interface RevokedIdentity extends Pick<Tombstone, 'kind' | 'id'> {
  /** True if the user is deleted: every token is refused, whatever its `iat`. */
  readonly isGone?: boolean
}

/** Creates the function that signs a Clerk session or user out on this node at once, and on every other one. */
export function createRevokeIdentity(parts: HubParts): (target: RevokedIdentity) => Promise<void> {
  const { lifecycle, revocations, clock } = parts

  return async ({ kind, id, isGone = false }) => {
    const tombstone = toTombstone({ kind, id, revokedAt: clock() }, clock())
    // The known Clerk sessions are revoked by id, because a token that they mint later is newer than the revocation.
    const known = kind === 'user' ? lifecycle.registry.find('user', id).map(({ identity }) => identity.sessionId) : []
    const stored = [revocations.addTombstone(isGone ? { ...tombstone, revokedAt: tombstone.until } : tombstone)]
    await inSlices(new Set(known), (sessionId) => {
      stored.push(revocations.addTombstone({ ...tombstone, kind: 'session', id: sessionId ?? '' }))
    })
    const errors = await Promise.all(stored)
    const error = errors.find((each) => each !== null)
    if (error) throw error
  }
}
