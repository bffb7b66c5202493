import type { AuthView } from '../auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { ClerkIdentity, PostEventInput } from './sync-events.ts'
import { fullJitter, longestDelay, toDelay } from '../backoff.ts'

/**
 * A token is renewed this long before it expires, give or take the jitter, and never twice within the spacing. Where tabs
 * share a stream, the one that reads it is first; the others renew only if it has not by their own lead. In ms.
 */
const renewal = { lead: 15_000, followerLead: 9_000, jitter: 2_000, spacing: 5_000 }
/** This many failures in a row, and the stream counts as failing, though it is tried on. */
export const streamTries = 5
/** The page shows its last proof this long after the server lost the session, ms. */
export const restoreFor = 5_000
/** So many questions for the view may fail before polling counts as failing too. */
const pollTries = 3

type Same = Pick<ClerkIdentity, 'userId' | 'sessionId' | 'orgId'>

/** True if the server's view is this very user, Clerk session and organization, proven. */
export function showsIdentity({ view, identity }: Pick<SyncContext, 'view' | 'identity'>): boolean {
  return identity !== null && view.isSignedIn && isSame(view as Same, identity)
}

/** The same user, Clerk session and organization. */
export function isSame(a: Same, b: Same): boolean {
  return a.userId === b.userId && a.sessionId === b.sessionId && a.orgId === b.orgId
}

/** What the server has to acknowledge once: who it is, on which occasion. */
export function toIdentityKey({ identity, epoch }: SyncContext): string {
  return JSON.stringify([identity && [identity.userId, identity.sessionId, identity.orgId, identity.orgRole], epoch])
}

/** Something has happened since the last acknowledgement on which this tab asserts who it is. */
export function isOccasion(context: SyncContext): boolean {
  return context.settled !== toIdentityKey(context)
}

/**
 * The server shows what this tab would assert: the occasion is over, post or no post. But not while the tab has focus, since
 * a post of the tab focused before may be on its way.
 */
export function isOccasionMoot(context: SyncContext): boolean {
  return showsIdentity(context) && !context.isFocused && !context.isUnsure && isOccasion(context)
}

/** Another tab has had the last word: the server shows somebody else signed in, and there is no occasion to object. */
export function isOverruled(context: SyncContext): boolean {
  const { view, identity, isUnsure } = context
  const isOther = identity !== null && view.isSignedIn && !showsIdentity(context)
  return isOther && !isUnsure && !isOccasion(context)
}

/** The server holds nobody signed in, for a reason that a fresh token may lift. A check in the air is waited for. */
export function isLost({ view, identity }: SyncContext): boolean {
  return identity !== null && !view.isSignedIn && view.state !== 'verifying' && !isFinal(view)
}

/**
 * What the view tells is final for every token of the session. That a token was refused is not: it may have been
 * anybody's, and of this tab's own the answer tells.
 */
export function isFinal({ error }: AuthView): boolean {
  return error?.retryable === false && !error.code.startsWith('token-')
}

/** The server refused for good: the same identity would be refused again. */
export function isRefused({ view, identity }: SyncContext): boolean {
  return identity !== null && view.state === 'signedOut' && isFinal(view)
}

export function isTokenDue(context: SyncContext): boolean {
  if (context.identity === null) return false
  return context.isFresh || isLost(context) || (isOccasion(context) && !showsIdentity(context))
}

export function isClerkSignedOut({ isClerkLoaded, identity }: SyncContext): boolean {
  return isClerkLoaded && identity === null
}

/**
 * A clear is due on this tab's own change to signed out, where a token that it posted before comes in late, at its first
 * loaded verdict, and where the server does not know on a new occasion. Never because another tab signed in.
 */
export function isClearDue(context: SyncContext): boolean {
  const { view, ended, stray, settled } = context
  if (!isClerkSignedOut(context)) return false
  if (ended !== null || (view.isSignedIn && view.sessionId === stray)) return true
  if (view.state === 'verifying' || !isOccasion(context)) return false
  return settled === null ? view.state !== 'signedOut' : view.state === 'unchecked' || view.state === 'error'
}

/** Expiry of the token that proves a view, by the server's clock, in epoch ms of the local one. */
const toExpiry = ({ offset }: SyncContext, view: AuthView) => (view.expiresAt ?? Infinity) - offset
/** The same with the tolerance: when a view ends by itself. */
const toEnd = (context: SyncContext, view: AuthView) => toExpiry(context, view) + context.clockTolerance * 1000

/** Time left until the proving token expires, ms. */
export function toTimeLeft(context: SyncContext): number {
  return toExpiry(context, context.view) - context.now()
}

/** When what the page shows ends by itself: epoch ms of the local clock. */
export function toLapse(context: SyncContext): number {
  const { view, proof, proofUntil } = context
  return proof ? Math.min(proofUntil, toEnd(context, proof)) : toEnd(context, view)
}

/** The view shows somebody signed in, and has not come to its end. */
export function isHeld(context: SyncContext): boolean {
  return context.view.isSignedIn && context.now() < toEnd(context, context.view)
}

/** The server lost the session of this tab a moment ago: its last proof is shown while the tab proves itself again. */
export function isRestoring(context: SyncContext): boolean {
  const { proof, proofUntil, identity } = context
  if (proof === null) return false
  const now = context.now()
  // A clock that was set back brings no proof back.
  const isRecent = now < toLapse(context) && proofUntil - now <= restoreFor
  return isRecent && showsIdentity({ view: proof, identity })
}

/** The view shows this tab's identity, is not about to be changed by this tab itself, and needs no renewal yet. */
export function isCurrent(context: SyncContext): boolean {
  return !context.isUnsure && showsIdentity(context) && toTimeLeft(context) > renewal.lead + renewal.jitter
}

/** The view shows this tab's identity and is due for renewal: Clerk's cached token is hardly newer than the proof. */
export function isExpiring(context: SyncContext): boolean {
  return showsIdentity(context) && !isCurrent(context)
}

/** Delay until the renewal, from the server's clock; only the tab whose identity the view shows renews it. */
export function toRenewalDelay(context: SyncContext): number {
  if (!showsIdentity(context)) return longestDelay
  const now = context.now()
  const lead = context.tabRole === 'follower' ? renewal.followerLead : renewal.lead
  const due = now + toTimeLeft(context) - lead + (context.random() * 2 - 1) * renewal.jitter
  return toDelay(Math.max(due, context.postedAt + renewal.spacing), now)
}

/** A server that asks for patience asks for less than this; further off, the local clock was set back since. */
const longestPatience = 300_000

/** A moment noted by the local clock is over. */
export function isPast({ now }: SyncContext, moment: number): boolean {
  return now() >= moment || moment - now() > longestPatience
}

/** Silent for 2.5 pings, or the clock was set back behind the last sign of life. */
export function isSilent(context: SyncContext, limit = toSilenceLimit(context)): boolean {
  const silence = context.now() - context.heardAt
  return silence < 0 || silence >= limit
}

/** Silent for half as long: a ping is missing, and the stream may be dead. */
export function isOverdue(context: SyncContext): boolean {
  return isSilent(context, toOverdueLimit(context))
}

/**
 * A frame that was on its way for so long that its stream counts as silent, or comes after the local clock was set forward:
 * only the answer to a new request tells which.
 */
export function isStale(context: SyncContext, { now }: { readonly now: number }): boolean {
  return now - context.now() < context.offset - toSilenceLimit(context)
}

export function toSilenceLimit({ pingInterval }: SyncContext): number {
  return pingInterval * 2.5
}

/** A stream that is silent for so long may be dead, ms. */
export function toOverdueLimit(context: SyncContext): number {
  return toSilenceLimit(context) / 2
}

/** The view has to be asked for. Where the server refuses the stream for good, it would refuse the question too. */
export function isPollDue({ isStreamMute, isUnshared, streamFailure }: SyncContext): boolean {
  return isStreamMute && !isUnshared && streamFailure?.retryable !== false
}

/** So many questions in a row may fail before they are asked more seldom: some three minutes, longer than a view may hold. */
const eagerPolls = 50

/**
 * Delay until the next question for the view. One that fails is asked again as soon: it tells when the network is well
 * again. After some three minutes it is asked ever more seldom, and never before the server's `Retry-After`.
 */
export function toPollDelay(context: SyncContext): number {
  const { pollFailures, pollInterval, polledAt, pollNotBefore, now, random } = context
  const isRare = pollFailures > eagerPolls
  const rarely = pollInterval / 2 + fullJitter(pollFailures - eagerPolls, { first: pollInterval, most: 30_000 }, random)
  const soon = toDelay(polledAt + pollInterval * (pollFailures > 0 ? 0.75 + random() / 4 : 1), now())
  const patience = isPast(context, pollNotBefore) ? 0 : pollNotBefore - now()
  return Math.max(patience, isRare ? rarely : Math.min(soon, pollInterval))
}

/** The view is asked for in place of a stream, with success. */
export function isPolling(context: SyncContext): boolean {
  return isPollDue(context) && context.hasPolled && context.pollFailures < pollTries
}

/** The server is full, or has no room for one more of this address, and lets in those who prove that they are signed in. */
export function isCrowdedOut({ streamFailure, identity }: SyncContext): boolean {
  return identity !== null && /^(at-capacity|too-many-sessions)$/.test(streamFailure?.code ?? '')
}

/** Nothing is heard: the stream was refused, or failed so often in a row that a person should hear of it. */
export function isStreamFailing(context: SyncContext): boolean {
  const { streamFailure, streamAttempts, isUnshared } = context
  if (streamFailure === null || isUnshared || isPolling(context)) return false
  return !streamFailure.retryable || streamAttempts >= streamTries
}

/**
 * The stream was lost since it last showed something, is not back after 3 s, and a question has no answer either; before the
 * first view it is lost once it fails and fails.
 */
export function isStreamLost(context: SyncContext): boolean {
  const { streamFailure, channel, hasPolled, isStreamMute, pollFailures } = context
  const wasHeard = channel !== '' || hasPolled
  return streamFailure !== null && ((wasHeard && isStreamMute && pollFailures > 0) || isStreamFailing(context))
}

/** What went wrong and still matters. */
export function toCurrentFailure({ failure, streamFailure, view }: SyncContext) {
  return failure ?? streamFailure ?? view.error
}

/** Nothing changed at Clerk, the role included. */
export function isKnown(a: ClerkIdentity | null, b: ClerkIdentity | null): boolean {
  return a === b || (a !== null && b !== null && isSame(a, b) && a.orgRole === b.orgRole)
}

/** What the answer to a token means for this tab, where `view` is the newest one. */
export function toAnswer(context: SyncContext): 'agreed' | 'refused' | 'askAfresh' | 'overruled' | 'lost' {
  const { view, isFresh } = context
  if (showsIdentity(context) || view.state === 'verifying') return 'agreed'
  if (isRefused(context)) return 'refused'
  if (!isFresh) return 'askAfresh'
  return view.isSignedIn ? 'overruled' : 'lost'
}

/** What is posted: this tab's token, or, where Clerk says that nobody is signed in, the end of a session by name. */
export function toPost({ tab, seq, token, identity, ended, view }: SyncContext): PostEventInput {
  const from = { tab, seq, channel: view.channel }
  if (identity !== null && token !== null) return { type: 'token.received', token, ...from }
  return { type: 'session.cleared', sessionId: ended ?? view.sessionId ?? undefined, ...from }
}
