import type { RevokedIdentity, SessionHub } from '../hub/session-hub.ts'
import type { ClerkAccess } from './clerk-access.ts'

/** Whom to sign out, by Clerk's id. */
export type RevokeTarget =
  | { readonly sessionId: string; readonly userId?: never }
  | { readonly userId: string; readonly sessionId?: never }

export interface RevokeOptions {
  /** Also revoke at Clerk, so that no more tokens are minted; of a user, every active session. Default false. */
  readonly atClerk?: boolean
}

/** Calls to Clerk in the air at once. */
const batchSize = 10

/** → signs a Clerk session or user out, here at once, then on every node and where asked at Clerk. */
export function createRevoke(
  hub: Pick<SessionHub, 'revoke'>,
  clerk: ClerkAccess,
): (target: RevokeTarget, options?: RevokeOptions) => Promise<void> {
  async function revokeAtClerk({ kind, id }: RevokedIdentity): Promise<void> {
    if (kind === 'session') return clerk.revokeSession(id)
    const sessions = await clerk.listSessions(id)
    const works: Promise<void>[] = []
    for (let start = 0; start < sessions.length; start += batchSize) {
      // Buried by name too: a token that such a session minted on a clock ahead of this one is out as well.
      const batch = sessions.slice(start, start + batchSize)
      works.push(...batch.flatMap((id) => [hub.revoke({ kind: 'session', id }), clerk.revokeSession(id)]))
      await Promise.allSettled(works)
    }
    await Promise.all(works)
  }

  return async (target, { atClerk = false } = {}) => {
    const identity = toIdentity(target)
    if (atClerk) clerk.requireKey()
    const works = [hub.revoke(identity), ...(atClerk ? [revokeAtClerk(identity)] : [])]
    // One that fails keeps no other from being tried.
    await Promise.allSettled(works)
    await Promise.all(works)
  }
}

/** Built by name: who is passed on a whole request body must not thereby say more than whom. */
function toIdentity(target: RevokeTarget): RevokedIdentity {
  const { sessionId, userId } = target
  const id: unknown = sessionId ?? userId
  if (typeof id !== 'string' || id === '' || (sessionId !== undefined && userId !== undefined)) {
    throw new TypeError('revoke: give either sessionId or userId')
  }
  return { kind: sessionId === undefined ? 'user' : 'session', id }
}
