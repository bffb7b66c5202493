import type { AuthView } from '../auth-view.ts'
import { fullJitter, longestDelay, toDelay } from '../backoff.ts'
import { isAssertionDue, isCurrent, isSame, renewal, showsIdentity, toTimeLeft } from './status-rules.ts'
import type { SyncContext } from './sync-context.ts'
import type { ClerkIdentity, PostEventInput } from './sync-events.ts'

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

/** True if the server, or the client's address, is full and only users who prove that they are signed in are let in. */
export function isCrowdedOut({ streamFailure, identity }: SyncContext): boolean {
  return identity !== null && /^(at-capacity|too-many-sessions)$/.test(streamFailure?.code ?? '')
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
