import type { AuthView } from './auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { SyncFailure } from './sync-error.ts'
import type { ClerkIdentity, PostEventInput, SyncEvent } from './sync-events.ts'
import { toFailure } from './sync-error.ts'
import { fullJitter, longestDelay, toDelay } from './backoff.ts'

/** A token is renewed this long before it expires, give or take the jitter, and never twice within the spacing. In ms. */
const renewal = { lead: 15_000, jitter: 2_000, spacing: 5_000 }
const sessionBackoff = { first: 500, most: 30_000 }
/** After a refusal the retry waits in full: Clerk's `iat` counts whole seconds, so an earlier token is refused again. */
const refusalBackoff = { first: 1_000, most: 30_000 }
const streamBackoff = { most: 30_000 }
/** After `bye rotated` the new cookie is there, or about to be. */
const rotationSpread = 250
/** What held this long, ms, starts the count of failures anew. */
const streamStable = 5_000
const sessionStable = 30_000
/** This many failures in a row, and the stream counts as failing, though it is tried on. */
const streamTries = 5

type Same = Pick<ClerkIdentity, 'userId' | 'sessionId' | 'orgId'>

/** True if the server's view is this very user, Clerk session and organization, proven. */
export function showsIdentity(view: AuthView, identity: ClerkIdentity | null): boolean {
  return identity !== null && view.isSignedIn && isSame(view as Same, identity)
}

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

/** The server holds nobody signed in, for a reason that a fresh token may lift. A check in the air is waited for. */
export function isLost({ view, identity }: SyncContext): boolean {
  return identity !== null && !view.isSignedIn && view.state !== 'verifying' && view.error?.retryable !== false
}

/** The server refused for good: the same identity would be refused again. */
export function isRefused({ view, identity }: SyncContext): boolean {
  return identity !== null && view.state === 'signedOut' && view.error?.retryable === false
}

export function isTokenDue(context: SyncContext): boolean {
  const { identity, view, isFresh } = context
  if (identity === null) return false
  return isFresh || isLost(context) || (isOccasion(context) && !showsIdentity(view, identity))
}

/**
 * A clear is due on this tab's own change to signed out, at its first loaded verdict, and where the server does not know
 * on a new occasion. Never because another tab signed in.
 */
export function isClearDue(context: SyncContext): boolean {
  const { isClerkLoaded, identity, view, ended, settled } = context
  if (!isClerkLoaded || identity !== null) return false
  if (ended !== null) return true
  if (view.state === 'verifying' || !isOccasion(context)) return false
  return settled === null ? view.state !== 'signedOut' : view.state === 'unchecked' || view.state === 'error'
}

/** Time left until the proving token expires, ms by the server's clock. */
export function toTimeLeft({ view, offset, now }: SyncContext): number {
  return (view.expiresAt ?? Infinity) - (now() + offset)
}

/** The view shows this tab's identity and needs no renewal yet. */
export function isCurrent(context: SyncContext): boolean {
  return showsIdentity(context.view, context.identity) && toTimeLeft(context) > renewal.lead + renewal.jitter
}

/** The view shows this tab's identity and is due for renewal. */
export function isExpiring(context: SyncContext): boolean {
  return showsIdentity(context.view, context.identity) && !isCurrent(context)
}

/** So near to expiry that Clerk's cache can hardly hold a better token. */
export function isNearExpiry(context: SyncContext): boolean {
  return showsIdentity(context.view, context.identity) && toTimeLeft(context) < renewal.lead - renewal.jitter
}

/** Delay until the renewal, from the server's clock; only the tab whose identity the view shows renews it. */
export function toRenewalDelay(context: SyncContext): number {
  const { view, identity, offset, postedAt, random } = context
  if (view.expiresAt === null || !showsIdentity(view, identity)) return longestDelay
  const due = view.expiresAt - offset - renewal.lead + (random() * 2 - 1) * renewal.jitter
  return toDelay(Math.max(due, postedAt + renewal.spacing), context.now())
}

/** Silent for 2.5 pings, or the clock was set back behind the last sign of life. */
export function isSilent(context: SyncContext): boolean {
  const silence = context.now() - context.heardAt
  return silence < 0 || silence >= toSilenceLimit(context)
}

export function toSilenceLimit({ pingInterval }: SyncContext): number {
  return pingInterval * 2.5
}

/** The stream was refused, or failed so often in a row that a person should hear of it. */
export function isStreamFailing({ streamFailure, streamAttempts }: SyncContext): boolean {
  return streamFailure !== null && (!streamFailure.retryable || streamAttempts >= streamTries)
}

/** What the context becomes when the session fails to agree with the server. */
export function afterFailure(
  context: SyncContext,
  failure: SyncFailure,
  isRefusal = failure.code.startsWith('token-'),
): Partial<SyncContext> {
  const { attempts, random } = context
  const delay = isRefusal
    ? Math.min(refusalBackoff.most, refusalBackoff.first * 2 ** attempts)
    : fullJitter(attempts, sessionBackoff, random)
  const now = context.now()
  return {
    failure,
    attempts: attempts + 1,
    isFresh: context.isFresh || isRefusal,
    posted: isRefusal ? context.token : context.posted,
    retryAt: now + (failure.retryAfter ?? 0) + delay,
    retryNotBefore: now + Math.max(failure.retryAfter ?? 0, isRefusal ? delay : 0),
  }
}

/**
 * The failure that the view itself tells. Without an error somebody cleared it: a token is refused then until its `iat`,
 * in whole seconds, has passed the clear.
 */
export function toViewFailure({ view }: SyncContext): SyncFailure {
  return view.error
    ? { ...view.error, retryAfter: null }
    : { ...toFailure('not-signed-in', 'The server holds nobody signed in'), retryAfter: 1_000 }
}

/** Why the stream is gone: by its own word, by a crash of the actor, or, on any other event, by silence. */
function toStreamFailure(event: SyncEvent): SyncFailure {
  if (event.type === 'stream.failed') return event.failure
  return toFailure(
    'network-failed',
    event.type === 'stream.ended' ? 'The server ended the stream' : 'The stream fell silent',
  )
}

/** What the context becomes when the stream is gone. One that had held starts the count anew. */
export function afterStream(context: SyncContext, event: SyncEvent): Partial<SyncContext> {
  const { openedAt, heardAt, random, reconnectBase } = context
  const failure = toStreamFailure(event)
  const isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
  const attempts = heardAt - openedAt >= streamStable ? 0 : context.streamAttempts
  const notBefore = context.now() + (failure.retryAfter ?? 0)
  return {
    streamFailure: failure,
    streamAttempts: attempts + 1,
    isQuiet: isRotated,
    reconnectAt:
      notBefore +
      (isRotated
        ? random() * rotationSpread
        : fullJitter(attempts, { ...streamBackoff, first: reconnectBase }, random)),
    reconnectNotBefore: notBefore,
  }
}

/** What the context becomes on leaving an agreement: one that had held starts the count of failures anew. */
export function afterAgreement(context: SyncContext): Partial<SyncContext> {
  return context.now() - context.confirmedAt >= sessionStable ? { attempts: 0 } : {}
}

/** What the context becomes when Clerk speaks. `ended` keeps whom a sign-out has to end. */
export function afterClerk(context: SyncContext, identity: ClerkIdentity | null): Partial<SyncContext> {
  const before = context.identity
  const isOther = identity?.userId !== before?.userId || identity?.sessionId !== before?.sessionId
  return {
    isClerkLoaded: true,
    identity,
    ended: identity === null ? (before?.sessionId ?? context.ended) : null,
    // Only the role changed: the cached token may still carry the old one.
    isFresh: before !== null && identity !== null && !isKnown(before, identity) && isSame(before, identity),
    attempts: 0,
    failure: null,
    isRearmed: true,
    ...(isOther && { posted: null }),
  }
}

export function isKnown(a: ClerkIdentity | null, b: ClerkIdentity | null): boolean {
  return a === b || (a !== null && b !== null && isSame(a, b) && a.orgRole === b.orgRole)
}

/** The newer of two views. `rev` is compared within one channel only; an equal one keeps the reference stable. */
export function toNewerView(known: AuthView, view: AuthView): AuthView {
  if (view.channel !== known.channel || view.rev > known.rev) return view
  if (view.rev < known.rev) return known
  const isEqual =
    view.state === known.state && view.isSignedIn === known.isSignedIn && view.expiresAt === known.expiresAt
  return isEqual ? known : view
}

/** What the answer to a token means for this tab. */
export function toAnswer(
  context: SyncContext,
  view: AuthView,
): 'agreed' | 'refused' | 'askAfresh' | 'overruled' | 'lost' {
  if (showsIdentity(view, context.identity) || view.state === 'verifying') return 'agreed'
  if (isRefused({ ...context, view })) return 'refused'
  if (!context.isFresh) return 'askAfresh'
  return view.isSignedIn ? 'overruled' : 'lost'
}

/** What is posted: this tab's token, or, where Clerk says that nobody is signed in, the end of a session by name. */
export function toPost({ tab, seq, token, identity, ended, view }: SyncContext): PostEventInput {
  if (identity !== null && token !== null) return { type: 'token.received', token, tab, seq }
  const sessionId = ended ?? view.sessionId
  return { type: 'session.cleared', tab, seq, ...(sessionId !== null && { sessionId }) }
}
