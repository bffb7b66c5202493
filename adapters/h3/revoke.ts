import type { SignedInView } from '../../machines/auth-view.ts'
import type { ClerkAccess } from '../clerk/clerk-access.ts'
import type { RevokedIdentity } from '../hub/requests/revoke-identity.ts'
import type { SessionHub } from '../hub/session-hub.ts'

/** The session or user to sign out, by Clerk's id. */
export type RevokeTarget =
  | { readonly sessionId: string; readonly userId?: never }
  | { readonly userId: string; readonly sessionId?: never }

/** Options of `revoke`. */
export interface RevokeOptions {
  /** Also revoke at Clerk, so that it mints no more tokens; for a user, every active session. Default false. */
  readonly atClerk?: boolean
}

/** The number of sessions that are revoked at the same time. */
const batchSize = 10

export interface Revoke {
  /** Signs a Clerk session or user out: here at once, then on every node, and at Clerk if the options ask for it. */
  revoke(target: RevokeTarget, options?: RevokeOptions): Promise<void>
  /** Signs a user out of every Clerk session but one, on every node and at Clerk, which lists them. */
  revokeOthers(toKept: () => Promise<Pick<SignedInView, 'userId' | 'sessionId'>>): Promise<void>
}

export function createRevoke(hub: Pick<SessionHub, 'revoke'>, clerk: ClerkAccess): Revoke {
  /**
   * Revokes each session by its id here too, because a token of such a session may have been minted on a clock ahead of
   * this one.
   */
  async function revokeSessions(sessions: readonly string[]): Promise<void> {
    const works: Promise<void>[] = []
    for (let start = 0; start < sessions.length; start += batchSize) {
      const batch = sessions.slice(start, start + batchSize)
      works.push(...batch.flatMap((id) => [hub.revoke({ kind: 'session', id }), clerk.revokeSession(id)]))
      await Promise.allSettled(works)
    }
    await Promise.all(works)
  }

  async function revokeAtClerk({ kind, id }: RevokedIdentity): Promise<void> {
    if (kind === 'session') return clerk.revokeSession(id)
    return revokeSessions(await clerk.listSessions(id))
  }

  return {
    async revoke(target, { atClerk = false } = {}) {
      const identity = toIdentity(target)
      if (atClerk) clerk.requireKey()
      const works = [hub.revoke(identity), ...(atClerk ? [revokeAtClerk(identity)] : [])]
      // A failure must not keep the other call from finishing.
      await Promise.allSettled(works)
      await Promise.all(works)
    },
    async revokeOthers(toKept) {
      clerk.requireKey()
      const { userId, sessionId } = await toKept()
      const sessions = await clerk.listSessions(userId)
      await revokeSessions(sessions.filter((id) => id !== sessionId))
    },
  }
}

/** Reads only the two known fields, because a caller may pass on a whole request body. */
function toIdentity(target: RevokeTarget): RevokedIdentity {
  const { sessionId, userId } = target
  const id: unknown = sessionId ?? userId
  if (typeof id !== 'string' || id === '' || (sessionId !== undefined && userId !== undefined)) {
    throw new TypeError('revoke: give either sessionId or userId')
  }
  return { kind: sessionId === undefined ? 'user' : 'session', id }
}
