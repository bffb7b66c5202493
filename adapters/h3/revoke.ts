import type { SignedInView } from '../../machines/auth-view.ts'
import type { RevokedIdentity, SessionHub } from '../hub/session-hub.ts'
import type { ClerkAccess } from '../clerk/clerk-access.ts'

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

export interface Revoke {
  /** Signs a Clerk session or user out, here at once, then on every node and where asked at Clerk. */
  revoke(target: RevokeTarget, options?: RevokeOptions): Promise<void>
  /** Signs a user out of every Clerk session but one, on every node and at Clerk, which knows them all. */
  revokeOthers(toKept: () => Promise<Pick<SignedInView, 'userId' | 'sessionId'>>): Promise<void>
}

export function createRevoke(hub: Pick<SessionHub, 'revoke'>, clerk: ClerkAccess): Revoke {
  /** By name here too: a token that such a session minted on a clock ahead of this one is out as well. */
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
      // One that fails keeps no other from being tried.
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

/** Built by name: who is passed on a whole request body must not thereby say more than whom. */
function toIdentity(target: RevokeTarget): RevokedIdentity {
  const { sessionId, userId } = target
  const id: unknown = sessionId ?? userId
  if (typeof id !== 'string' || id === '' || (sessionId !== undefined && userId !== undefined)) {
    throw new TypeError('revoke: give either sessionId or userId')
  }
  return { kind: sessionId === undefined ? 'user' : 'session', id }
}
