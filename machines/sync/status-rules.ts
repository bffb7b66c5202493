import type { AuthView } from '../auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { ClerkIdentity } from './sync-events.ts'

// A page reads its status by these rules before the chart is loaded, so they are apart from those that only the chart
// needs.

/**
 * Times for renewal, in ms. A token is renewed `lead` before it expires, plus or minus `jitter`, and never twice within
 * `spacing`. If tabs share a stream, the tab that reads it renews first; the others renew by their shorter lead if it
 * has not.
 */
export const renewal = { lead: 15_000, followerLead: 9_000, jitter: 2_000, spacing: 5_000 }
/** After this many failures in a row the stream counts as failing, although it is still tried. */
export const streamTries = 5
/** Time for which the page shows its last proof after the server lost the session, ms. */
export const restoreFor = 5_000
/** After this many failed polls in a row polling counts as failing, too. */
const pollTries = 3

export type Same = Pick<ClerkIdentity, 'userId' | 'sessionId' | 'orgId'>

/** True if the server's view proves exactly this user, Clerk session and organization. */
export function showsIdentity({ view, identity }: Pick<SyncContext, 'view' | 'identity'>): boolean {
  return identity !== null && view.isSignedIn && isSame(view as Same, identity)
}

/** True if both are the same user, Clerk session and organization. */
export function isSame(a: Same, b: Same): boolean {
  return a.userId === b.userId && a.sessionId === b.sessionId && a.orgId === b.orgId
}

/** Returns the key of an assertion: the identity, and the epoch that rises each time it has to be asserted again. */
export function toIdentityKey({ identity, epoch }: SyncContext): string {
  return JSON.stringify([identity && [identity.userId, identity.sessionId, identity.orgId, identity.orgRole], epoch])
}

/** True if something has happened since the last acknowledgement on which this tab asserts its identity. */
export function isAssertionDue(context: SyncContext): boolean {
  return context.settled !== toIdentityKey(context)
}

export function isClerkSignedOut({ isClerkLoaded, identity }: SyncContext): boolean {
  return isClerkLoaded && identity === null
}

/**
 * True if this tab has to tell the server that no user is signed in: after its own sign-out, if a token that it posted
 * before arrives late, at its first verdict, and on a new assertion if the server does not know. It is never due because
 * another tab signed in.
 */
export function isClearDue(context: SyncContext): boolean {
  const { view, ended, lateSession, settled } = context
  if (!isClerkSignedOut(context)) return false
  if (ended !== null || (view.isSignedIn && view.sessionId === lateSession)) return true
  if (view.state === 'verifying' || !isAssertionDue(context)) return false
  return settled === null ? view.state !== 'signedOut' : view.state === 'unchecked' || view.state === 'error'
}

/** Returns the expiry of the token that proves a view by the server's clock, as epoch ms of the local one. */
const toExpiry = ({ offset }: SyncContext, view: AuthView) => (view.expiresAt ?? Infinity) - offset
/** Returns the moment when a view ends by itself: the expiry plus the tolerance. */
const toEnd = (context: SyncContext, view: AuthView) => toExpiry(context, view) + context.clockTolerance * 1000

/** Returns the time left until the proving token expires, ms. */
export function toTimeLeft(context: SyncContext): number {
  return toExpiry(context, context.view) - context.now()
}

/** Returns the moment when the shown view ends by itself, epoch ms of the local clock. */
export function toViewExpiry(context: SyncContext): number {
  const { view, proof, proofUntil } = context
  return proof ? Math.min(proofUntil, toEnd(context, proof)) : toEnd(context, view)
}

/** True if the view shows a signed-in user and has not reached its end. */
export function isHeld(context: SyncContext): boolean {
  return context.view.isSignedIn && context.now() < toEnd(context, context.view)
}

/**
 * True if the server lost the session of this tab a moment ago. The page shows the last proof while the tab proves
 * itself again.
 */
export function isRestoring(context: SyncContext): boolean {
  const { proof, proofUntil, identity } = context
  if (proof === null) return false
  const now = context.now()
  // The second condition keeps a clock that was set back from reviving an old proof.
  const isRecent = now < toViewExpiry(context) && proofUntil - now <= restoreFor
  return isRecent && showsIdentity({ view: proof, identity })
}

/**
 * True if the view shows this tab's identity, cannot be changed by an unanswered post of this tab, and needs no renewal
 * yet.
 */
export function isCurrent(context: SyncContext): boolean {
  return !context.isUnsure && showsIdentity(context) && toTimeLeft(context) > renewal.lead + renewal.jitter
}

/** True if the client has to poll. If the server refuses the stream for good, it would also refuse the poll. */
export function isPollDue({ isStreamBlocked, isUnshared, streamFailure }: SyncContext): boolean {
  return isStreamBlocked && !isUnshared && streamFailure?.retryable !== false
}

/** True if polls replace the stream successfully. */
export function isPolling(context: SyncContext): boolean {
  return isPollDue(context) && context.hasPolled && context.pollFailures < pollTries
}

/** True if nothing arrives: the stream was refused, or it failed so often in a row that a person should know. */
export function isStreamFailing(context: SyncContext): boolean {
  const { streamFailure, streamAttempts, isUnshared } = context
  if (streamFailure === null || isUnshared || isPolling(context)) return false
  return !streamFailure.retryable || streamAttempts >= streamTries
}

/**
 * True if a stream or a poll worked before, no stream has come back for 3 s, and a poll got no answer either. Before
 * the first view it is true once the stream counts as failing.
 */
export function isStreamLost(context: SyncContext): boolean {
  const { streamFailure, channel, hasPolled, isStreamBlocked, pollFailures } = context
  const wasHeard = channel !== '' || hasPolled
  return streamFailure !== null && ((wasHeard && isStreamBlocked && pollFailures > 0) || isStreamFailing(context))
}

/**
 * Returns the failure that still matters. Where a proxy replaces the body of a refusal, the view still tells the reason.
 */
export function toCurrentFailure({ failure, streamFailure, view }: SyncContext) {
  const isUnread = failure?.code === 'answer-malformed' && !view.isSignedIn
  return (isUnread && view.error) || (failure ?? streamFailure ?? view.error)
}
