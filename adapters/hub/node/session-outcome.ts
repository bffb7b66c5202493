import type { AuthView } from '../../../machines/auth-view.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import { toIssuedAt } from '../../../machines/verified-session.ts'
import type { AuthClaims } from '../../../machines/verified-session.ts'
import type { LiveSession } from '../session/live-session.ts'

/**
 * The part of a view that a record stores. Its members are compared by reference, because a machine replaces them
 * whole.
 */
export type Outcome = Pick<AuthView, 'isSignedIn' | 'claims' | 'user'> | null

/** The record of a session as it is now. */
export function toRecord(session: LiveSession, view: AuthView, rev = view.rev): SessionRecord {
  const claims = view.claims as AuthClaims | null
  const { signIn, seqs, isUnclaimed } = session.state
  return {
    id: session.id,
    channel: session.channel,
    rev,
    status: view.isSignedIn ? 'signedIn' : 'signedOut',
    claims,
    user: view.user,
    userId: view.userId,
    sessionId: view.sessionId,
    orgId: view.orgId,
    issuedAt: toIssuedAt(claims),
    expiresAt: view.expiresAt,
    ...(signIn?.sessionId === view.sessionId && { signedInAt: signIn.at, lastUsedAt: signIn.usedAt }),
    seqByTab: seqs.toJSON(),
    ...(isUnclaimed && { isUnclaimed: true }),
  }
}

/** @returns the outcome alone, so that a node does not hold a second record for each of its sessions */
export const toOutcome = ({ status, claims, user }: SessionRecord): Outcome => ({
  isSignedIn: status === 'signedIn',
  claims,
  user,
})

export function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return a?.isSignedIn === b?.isSignedIn && a?.claims === b?.claims && a?.user === b?.user
}

/** @returns true if two records are about the same proof, with the same profile */
export function isSameProof(a: SessionRecord, b: SessionRecord): boolean {
  return (
    a.status === b.status &&
    a.userId === b.userId &&
    a.sessionId === b.sessionId &&
    a.orgId === b.orgId &&
    a.issuedAt === b.issuedAt &&
    a.expiresAt === b.expiresAt &&
    a.user?.id === b.user?.id
  )
}
