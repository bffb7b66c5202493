import type { AuthView } from '../auth-view.ts'
import type { SyncContext } from './sync-context.ts'
import type { SyncFailure } from './sync-error.ts'
import type { ClerkIdentity, SyncEvent } from './sync-events.ts'
import { fullJitter } from '../backoff.ts'
import { toFailure, toSyncFailure } from './sync-error.ts'
import {
  isFinal,
  isHeld,
  isRestoring,
  isSame,
  isStreamLost,
  restoreFor,
  showsIdentity,
  streamTries,
} from './sync-rules.ts'
import { toUncheckedView } from '../auth-view.ts'

/** Retries and reconnects are at most this far apart, ms. */
const most = 30_000
/** After `bye rotated` the new cookie is there, or about to be. */
const rotationSpread = 250
/** What held this long, ms, starts the count of failures anew. */
const streamStable = 5_000
const sessionStable = 30_000
/** So many answers in a row that show an older view say that the newer one is gone: a node that is behind catches up. */
const maxOlderPolls = 3
/** So many nodes are remembered. */
const maxNodes = 8

/** A channel begins with the name of the node that made it. */
const toNode = ({ channel }: AuthView) => channel.slice(0, channel.indexOf('.') + 1)

/**
 * What the context becomes when the server shows a view. A view of another server session that knows nothing of this tab
 * may mean that the server was restarted, or that another node answered which does not share the sessions of the first:
 * the first node then comes back with yet another session.
 */
export function afterView(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const { view: known, lostNodes, isUnshared } = context
  const node = toNode(view)
  const isOther = node !== '' && view.channel !== known.channel && node !== toNode(known)
  const isLost = view.channel !== known.channel && isHeld(context) && showsIdentity(context) && !view.authChecked
  return {
    view,
    isUnshared: isUnshared || (isOther && lostNodes.includes(node)),
    ...(isLost && isOther && { lostNodes: [...new Set([...lostNodes, toNode(known)])].slice(-maxNodes) }),
    ...(isLost && { proof: known, proofUntil: context.now() + restoreFor }),
    ...(view.authChecked && { proof: null }),
  }
}

/**
 * What the context becomes where the browser sent no cookie. If it has sent one before, it was deleted, and a new session
 * is worth a try; else every session would be lost like this one.
 */
function afterCookie(context: SyncContext): Partial<SyncContext> {
  return { ...afterView(context, toUncheckedView(context.view.now)), isCookieKept: false }
}

const toCookieFailure = ({ isCookieKept }: SyncContext, failure: SyncFailure): SyncFailure =>
  failure.code === 'cookie-missing' && isCookieKept ? { ...failure, retryable: true } : failure

/** What the context becomes when the session fails to agree with the server. */
export function afterFailure(
  context: SyncContext,
  failure: SyncFailure,
  isRefusal = failure.code.startsWith('token-') || failure.code === 'key-not-found',
): Partial<SyncContext> {
  const { attempts, random } = context
  // After a refusal the retry waits in full: Clerk's `iat` counts whole seconds, so an earlier token is refused again.
  const delay = isRefusal
    ? fullJitter(attempts, { first: 1_000, most }, () => 1)
    : fullJitter(attempts, { first: 500, most }, random)
  const patience = failure.retryAfter ?? 0
  const now = context.now()
  return {
    ...(failure.code === 'cookie-missing' && context.isCookieKept && afterCookie(context)),
    failure: toCookieFailure(context, failure),
    attempts: attempts + 1,
    // What hangs stays in Clerk's cache: asked without `skipCache`, it would be waited for again.
    isFresh: context.isFresh || isRefusal || failure.code === 'clerk-timeout',
    posted: isRefusal ? context.token : context.posted,
    // Shown, but not stored: another node may yet have it otherwise.
    isUnsure: context.isUnsure || (failure.code === 'store-unavailable' && showsIdentity(context)),
    retryAt: now + patience + delay,
    retryNotBefore: now + Math.max(patience, isRefusal ? delay : 0),
  }
}

/**
 * The failure that the view itself tells. Without an error somebody cleared it: a token is refused then until its `iat`,
 * in whole seconds, has passed the clear.
 */
export function toViewFailure({ view }: SyncContext): SyncFailure {
  return view.error
    ? { ...view.error, retryable: !isFinal(view), retryAfter: null }
    : toFailure('not-signed-in', 'The server holds nobody signed in', 1_000)
}

/** What the context becomes when the stream is gone. One that had been open for a while starts the count anew. */
export function afterStream(context: SyncContext, event: SyncEvent): Partial<SyncContext> {
  const { openedAt, deafSince, random, reconnectBase, isStreamMute } = context
  const failure =
    event.type === 'stream.failed'
      ? toCookieFailure(context, event.failure)
      : toFailure('network-failed', 'The stream ended or fell silent')
  const isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
  // A proxy may cut a stream before its first ping: it held all the same.
  const hasHeld = deafSince === 0 && context.now() - openedAt >= streamStable
  const attempts = hasHeld ? 0 : context.streamAttempts
  // The server says when: the new cookie is on its way, whatever failed before.
  const isExpected = isRotated || failure.code === 'session-rotated'
  const notBefore = context.now() + (failure.retryAfter ?? 0)
  const streamAttempts = attempts + (isExpected ? 0 : 1)
  return {
    ...(failure.code === 'cookie-missing' && afterCookie(context)),
    streamFailure: isRotated ? null : failure,
    streamAttempts,
    deafSince: deafSince || context.now(),
    isStreamMute: isStreamMute || streamAttempts >= streamTries,
    isQuiet: isRotated,
    reconnectAt:
      notBefore +
      (isExpected ? random() * rotationSpread : fullJitter(attempts, { first: reconnectBase, most }, random)),
    reconnectNotBefore: notBefore,
  }
}

/** What the context becomes on leaving an agreement: one that had held starts the count of failures anew. */
export function afterAgreement(context: SyncContext): Partial<SyncContext> {
  return context.now() - context.confirmedAt >= sessionStable ? { attempts: 0, lostNodes: [] } : {}
}

/** So many sessions of one tab are remembered. */
const maxOwned = 8
const toOwned = (owned: readonly string[], sessionId: string) =>
  [...owned.filter((other) => other !== sessionId), sessionId].slice(-maxOwned)

/** What the context becomes when Clerk speaks. `ended` keeps whom a sign-out has to end. */
export function afterClerk(context: SyncContext, identity: ClerkIdentity | null): Partial<SyncContext> {
  const { identity: before, ended, owned, stray, posted, isUnanswered, isUnsure } = context
  const news = { isClerkLoaded: true, identity, attempts: 0, failure: null, isRearmed: true }
  if (identity === null) {
    const left = before?.sessionId
    return { ...news, ended: left ?? ended, isFresh: false, stray: (isUnanswered && left) || stray, posted: null }
  }
  return {
    ...news,
    ended: null,
    // The post that has no answer may have signed somebody else in, though this tab was agreed on with the server before.
    epoch: context.epoch + (isUnanswered ? 1 : 0),
    // Only the role changed: the cached token may still carry the old one.
    isFresh: before !== null && isSame(before, identity) && before.orgRole !== identity.orgRole,
    stray: null,
    owned: toOwned(before === null && ended === null ? [] : owned, identity.sessionId),
    isUnsure: isUnsure || isUnanswered,
    posted: before?.sessionId === identity.sessionId ? posted : null,
  }
}

/**
 * What the context becomes on the answer to a sign-out. The server may never have heard of the session that it named, and
 * hold another one that this tab had before: then that one has to be ended too.
 */
export function afterClear(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const { ended, owned, stray } = context
  const left = owned.filter((sessionId) => sessionId !== ended)
  const isHeld = view.isSignedIn && view.sessionId !== null && left.includes(view.sessionId)
  // What was told to end, and is there still, is not told so without end.
  const isInVain = view.isSignedIn && view.sessionId === stray && (ended ?? context.view.sessionId) === stray
  return { ended: isHeld ? view.sessionId : null, owned: left, stray: isInVain ? null : stray }
}

/**
 * The server's clock minus ours, from the answer to a request that was sent at `since`. The server spoke after that and
 * before this moment; within these bounds what was known is kept. So an answer that was long on its way moves no clock back.
 */
export function toOffset({ offset, now }: SyncContext, view: AuthView, since: number): number {
  return Math.max(view.now - now(), Math.min(view.now - since, offset))
}

/**
 * What the context becomes on a frame of the stream. It may have been long on its way, as in a proxy that buffers or a page
 * that was frozen, and never comes early: it can only show that the server's clock is further on than was known.
 */
export function afterFrame({ offset, now }: SyncContext, frame: { readonly now: number }): Partial<SyncContext> {
  return {
    heardAt: now(),
    deafSince: 0,
    offset: Math.max(offset, frame.now - now()),
    isStreamMute: false,
    hasPolled: false,
    pollFailures: 0,
    olderPolls: 0,
  }
}

/** What the context becomes on the first view of a stream, beside what every frame changes. */
export function afterFirstView(context: SyncContext, view: AuthView): Partial<SyncContext> {
  // A tab that hears another one's stream may know better, by the answer to a post of its own.
  const newest = context.tabRole === 'follower' ? toNewerView(context.view, view) : view
  const seen = afterView(context, newest)
  return {
    ...afterFrame(context, view),
    ...seen,
    offset: toOffset(context, view, context.openedAt),
    isRestored: isStreamLost(context) || isRestoring(context) || isRestoring({ ...context, ...seen }),
  }
}

/** The newer of two views. `rev` is compared within one channel only; an equal one keeps the reference stable. */
export function toNewerView(known: AuthView, view: AuthView): AuthView {
  if (view.channel !== known.channel || view.rev > known.rev) return view
  if (view.rev < known.rev) return known
  const isEqual =
    view.state === known.state && view.isSignedIn === known.isSignedIn && view.expiresAt === known.expiresAt
  return isEqual ? known : view
}

/**
 * The view after the answer to a post. A sign-out that was carried out ends the Clerk session on every node, so its answer
 * counts even where the known view of that session has a higher `rev`: the node that showed it could not store it.
 */
export function toAnsweredView({ view: known, identity, ended }: SyncContext, view: AuthView): AuthView {
  const isEnd = identity === null && known.isSignedIn && view.state === 'signedOut' && view.channel === known.channel
  return isEnd && known.sessionId === (ended ?? known.sessionId) ? view : toNewerView(known, view)
}

/** What the context becomes where the server is to be heard. Where no stream can be read, questions begin at once. */
export function afterStart({ stream, deafSince, now }: SyncContext): Partial<SyncContext> {
  return {
    heardAt: now(),
    openedAt: now(),
    deafSince: deafSince || now(),
    tabRole: 'alone',
    ...(!stream && { isStreamMute: true, hasPolled: false, pollFailures: 0, streamFailure: null }),
  }
}

/** What the context becomes where a question for the view has no answer. Without streams that counts as the stream's failure. */
export function afterPollFailure(context: SyncContext, event: unknown): Partial<SyncContext> {
  const { stream, pollFailures, streamAttempts, now } = context
  const { error } = Object(event) as { readonly error?: unknown }
  const failure = error ? toSyncFailure(error) : toFailure('network-failed', 'No answer in time')
  return {
    pollFailures: pollFailures + 1,
    pollNotBefore: now() + (failure.retryAfter ?? 0),
    ...(!stream && { streamAttempts: streamAttempts + 1, streamFailure: failure }),
  }
}

/**
 * What the context becomes on the answer to a question for the view. One that was on its way when a post was sent, or
 * answered, may be older than the answer to the post. A post that never has an answer stands in the way of none. They are
 * counted, since a clock may be set back.
 *
 * The view of a node that died before it could store it has a higher `rev` than that of the node that takes over. The older
 * view counts once the server has shown it a few times in a row.
 */
export function afterPoll(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const { view: known, exchanges, exchangesAtPoll, stream, isCookieKept } = context
  const isOld = exchanges !== exchangesAtPoll
  const newer = toNewerView(known, view)
  const olderPolls = !isOld && newer === known && view.rev < known.rev ? context.olderPolls + 1 : 0
  const isLost = olderPolls === maxOlderPolls
  return {
    hasPolled: true,
    pollFailures: 0,
    olderPolls: isLost ? 0 : olderPolls,
    offset: toOffset(context, view, context.polledAt),
    // It was asked for by the name of its session, which the cookie came with.
    isCookieKept: isCookieKept || (view.channel !== '' && view.channel === known.channel),
    ...(!stream && { streamAttempts: 0, streamFailure: null }),
    ...(!isOld && afterView(context, isLost ? view : newer)),
  }
}
