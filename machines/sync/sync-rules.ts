import type { AuthView } from '../auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { ClerkIdentity, PostEventInput } from './sync-events.ts'
import { fullJitter, longestDelay, toDelay } from '../backoff.ts'

/**
 * Times for renewal, in ms. A token is renewed `lead` before it expires, plus or minus `jitter`, and never twice within
 * `spacing`. If tabs share a stream, the tab that reads it renews first; the others renew by their shorter lead if it
 * has not.
 */
const renewal = { lead: 15_000, followerLead: 9_000, jitter: 2_000, spacing: 5_000 }
/** After this many failures in a row the stream counts as failing, although it is still tried. */
export const streamTries = 5
/** Time for which the page shows its last proof after the server lost the session, ms. */
export const restoreFor = 5_000
/** After this many failed polls in a row polling counts as failing, too. */
const pollTries = 3

type Same = Pick<ClerkIdentity, 'userId' | 'sessionId' | 'orgId'>

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

/**
 * True if the server already shows the identity that this tab would assert, so that no post is needed. It is false
 * while the tab has focus, because a post of the tab that had focus before may still be on its way.
 */
export function isAssertionRedundant(context: SyncContext): boolean {
  return showsIdentity(context) && !context.isFocused && !context.isUnsure && isAssertionDue(context)
}

/**
 * True if another tab has decided last: the server shows another user, session or organization, and this tab has
 * nothing to assert.
 */
export function isOverruled(context: SyncContext): boolean {
  const { view, identity, isUnsure } = context
  const isOther = identity !== null && view.isSignedIn && !showsIdentity(context)
  return isOther && !isUnsure && !isAssertionDue(context)
}

/**
 * True if the server holds no signed-in user for a reason that a fresh token may remove. While a check is running it is
 * false.
 */
export function isLost({ view, identity }: SyncContext): boolean {
  return identity !== null && !view.isSignedIn && view.state !== 'verifying' && !isFinal(view)
}

/**
 * True if the error of the view is final for every token of the session. A refused token is not final: it may have been
 * the token of any tab, and the answer to this tab's own post tells about its own.
 */
export function isFinal({ error }: AuthView): boolean {
  return error?.retryable === false && !error.code.startsWith('token-')
}

/** True if the server refused for good: it would refuse the same identity again. */
export function isRefused({ view, identity }: SyncContext): boolean {
  return identity !== null && view.state === 'signedOut' && isFinal(view)
}

export function isTokenDue(context: SyncContext): boolean {
  if (context.identity === null) return false
  return context.isFresh || isLost(context) || (isAssertionDue(context) && !showsIdentity(context))
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

/**
 * True if the view shows this tab's identity and is due for renewal. Clerk's cached token is then hardly newer than the
 * proof.
 */
export function isExpiring(context: SyncContext): boolean {
  return showsIdentity(context) && !isCurrent(context)
}

/** Returns the delay until the renewal, by the server's clock. Only the tab whose identity the view shows renews it. */
export function toRenewalDelay(context: SyncContext): number {
  if (!showsIdentity(context)) return longestDelay
  const now = context.now()
  const lead = context.tabRole === 'follower' ? renewal.followerLead : renewal.lead
  const due = now + toTimeLeft(context) - lead + (context.random() * 2 - 1) * renewal.jitter
  return toDelay(Math.max(due, context.postedAt + renewal.spacing), now)
}

/** A server asks for a shorter wait than this, ms. If a moment is further off, the local clock was set back since. */
const longestWait = 300_000

/** True if a moment noted by the local clock has passed. */
export function isPast({ now }: SyncContext, moment: number): boolean {
  return now() >= moment || moment - now() > longestWait
}

/** True if the stream is silent for 2.5 pings, or if the clock was set back behind the last frame. */
export function isSilent(context: SyncContext, limit = toSilenceLimit(context)): boolean {
  const silence = context.now() - context.lastSeenAt
  return silence < 0 || silence >= limit
}

/** True if the stream is silent for half as long: a ping is missing, and the stream may be dead. */
export function isOverdue(context: SyncContext): boolean {
  return isSilent(context, toOverdueLimit(context))
}

/**
 * True if a frame was in transit for so long that its stream counts as silent, or if the local clock was set forward.
 * Only the answer to a new request tells which of the two it is.
 */
export function isStale(context: SyncContext, { now }: { readonly now: number }): boolean {
  return now - context.now() < context.offset - toSilenceLimit(context)
}

export function toSilenceLimit({ pingInterval }: SyncContext): number {
  return pingInterval * 2.5
}

/** Returns the time of silence after which a stream may be dead, ms. */
export function toOverdueLimit(context: SyncContext): number {
  return toSilenceLimit(context) / 2
}

/** True if the client has to poll. If the server refuses the stream for good, it would also refuse the poll. */
export function isPollDue({ isStreamBlocked, isUnshared, streamFailure }: SyncContext): boolean {
  return isStreamBlocked && !isUnshared && streamFailure?.retryable !== false
}

/**
 * After this many failed polls in a row the client polls less often. That takes about three minutes, which is longer
 * than a view may hold.
 */
const eagerPolls = 50

/**
 * Returns the delay until the next poll. A failed poll is repeated as soon as a successful one, to notice when the
 * network works again. After about three minutes of failures the polls become rarer. A poll is never sent before the
 * server's `Retry-After`.
 */
export function toPollDelay(context: SyncContext): number {
  const { pollFailures, pollInterval, polledAt, pollNotBefore, now, random } = context
  const isRare = pollFailures > eagerPolls
  const rarely = pollInterval / 2 + fullJitter(pollFailures - eagerPolls, { first: pollInterval, most: 30_000 }, random)
  const soon = toDelay(polledAt + pollInterval * (pollFailures > 0 ? 0.75 + random() / 4 : 1), now())
  const wait = isPast(context, pollNotBefore) ? 0 : pollNotBefore - now()
  return Math.max(wait, isRare ? rarely : Math.min(soon, pollInterval))
}

/** True if polls replace the stream successfully. */
export function isPolling(context: SyncContext): boolean {
  return isPollDue(context) && context.hasPolled && context.pollFailures < pollTries
}

/** True if the server, or the client's address, is full and only users who prove that they are signed in are let in. */
export function isCrowdedOut({ streamFailure, identity }: SyncContext): boolean {
  return identity !== null && /^(at-capacity|too-many-sessions)$/.test(streamFailure?.code ?? '')
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

/** Returns the failure that still matters. */
export function toCurrentFailure({ failure, streamFailure, view }: SyncContext) {
  return failure ?? streamFailure ?? view.error
}

/** True if nothing changed at Clerk, including the role. */
export function isKnown(a: ClerkIdentity | null, b: ClerkIdentity | null): boolean {
  return a === b || (a !== null && b !== null && isSame(a, b) && a.orgRole === b.orgRole)
}

/** Returns the meaning of the answer to a token for this tab, where `view` is the newest view. */
export function toAnswer(context: SyncContext): 'agreed' | 'refused' | 'requireFreshToken' | 'overruled' | 'lost' {
  const { view, isFresh } = context
  if (showsIdentity(context) || view.state === 'verifying') return 'agreed'
  if (isRefused(context)) return 'refused'
  if (!isFresh) return 'requireFreshToken'
  return view.isSignedIn ? 'overruled' : 'lost'
}

/**
 * Returns the event to post: this tab's token, or, if Clerk says that no user is signed in, the end of a session by
 * name.
 */
export function toPost({ tab, seq, token, identity, ended, view }: SyncContext): PostEventInput {
  const from = { tab, seq, channel: view.channel }
  if (identity !== null && token !== null) return { type: 'token.received', token, ...from }
  return { type: 'session.cleared', sessionId: ended ?? view.sessionId ?? undefined, ...from }
}
