import { toUncheckedView, type AuthView } from '../auth-view.ts'
import { fullJitter, toBound } from '../backoff.ts'
import { isHeld, isRestoring, isSame, isStreamLost, restoreFor, showsIdentity, streamTries } from './status-rules.ts'
import type { SyncContext } from './sync-context.ts'
import { toFailure, toSyncFailure, type SyncFailure } from './sync-error.ts'
import type { ClerkIdentity, SyncEvent } from './sync-events.ts'
import { isFinal } from './sync-rules.ts'

/** Retries and reconnects are at most this far apart, ms. */
const most = 30_000
/** Reconnects after `bye rotated` are spread over this time, ms, because the new cookie is there or about to be. */
const rotationSpread = 250
/** A stream or an agreement that held for this long, ms, resets the count of failures. */
const streamStable = 5_000
const sessionStable = 30_000
/** After so many polls in a row that show an older view, the newer one counts as lost: a node that is behind catches up. */
const maxOlderPolls = 3

/** Returns the name of the node that made the channel, which is its beginning. */
const toNode = ({ channel }: AuthView) => channel.slice(0, channel.indexOf('.') + 1)

/**
 * Returns the changes of the context when the server shows a view. A view of another server session that knows nothing
 * of a proof of this tab may mean that the server was restarted, or that the store has lost the session. It may also
 * mean that another node answered which does not share sessions with the first one. A proof is then lost once more, and
 * one of the two nodes has lost one before.
 */
export function afterView(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const { view: known, newestChannel, lostNodes, isUnshared } = context
  const [node, before] = [toNode(view), toNode(known)]
  const isLost = view.channel !== known.channel && isHeld(context) && showsIdentity(context) && !view.authChecked
  return {
    view,
    newestChannel: view.channel || newestChannel,
    ...(isLost && {
      proof: known,
      proofUntil: context.now() + restoreFor,
      ...(node !== '' &&
        node !== before && {
          isUnshared: isUnshared || lostNodes.includes(node) || lostNodes.includes(before),
          lostNodes: [...lostNodes, before],
        }),
    }),
    ...(view.authChecked && { proof: null }),
  }
}

/**
 * Returns the changes of the context after the browser sent no cookie. If it sent one before, that cookie was deleted
 * and a new session is worth a try; otherwise every new session would be lost in the same way.
 */
function afterCookie(context: SyncContext): Partial<SyncContext> {
  return { ...afterView(context, toUncheckedView(context.view.now)), isCookieKept: false }
}

const toCookieFailure = ({ isCookieKept }: SyncContext, failure: SyncFailure): SyncFailure =>
  failure.code === 'cookie-missing' && isCookieKept ? { ...failure, retryable: true } : failure

/** Returns the changes of the context when the session and the server fail to agree. */
export function afterFailure(
  context: SyncContext,
  failure: SyncFailure,
  isRefusal = failure.code.startsWith('token-') || failure.code === 'key-not-found',
): Partial<SyncContext> {
  const { attempts, random } = context
  // After a refusal the retry waits for the full delay. Clerk's `iat` counts whole seconds, so a token from an earlier
  // retry would be refused again.
  const delay = isRefusal
    ? toBound(attempts, { first: 1_000, most })
    : fullJitter(attempts, { first: 500, most }, random)
  const wait = failure.retryAfter ?? 0
  const now = context.now()
  return {
    ...(failure.code === 'cookie-missing' && context.isCookieKept && afterCookie(context)),
    failure: toCookieFailure(context, failure),
    attempts: attempts + 1,
    // A request that hangs stays in Clerk's cache, so without `skipCache` the next one would wait for it again.
    isFresh: context.isFresh || isRefusal || failure.code === 'clerk-timeout',
    posted: isRefusal ? context.token : context.posted,
    // The view shows the identity although it is not stored, so another node may still decide otherwise.
    isUnsure: context.isUnsure || (failure.code === 'store-unavailable' && showsIdentity(context)),
    retryAt: now + wait + delay,
    retryNotBefore: now + Math.max(wait, isRefusal ? delay : 0),
  }
}

/**
 * Returns the failure that the view itself tells. If the view has no error, a sign-out cleared the session, and the
 * server refuses a token until its `iat`, in whole seconds, is later than that.
 */
export function toViewFailure({ view }: SyncContext): SyncFailure {
  return view.error
    ? { ...view.error, retryable: !isFinal(view), retryAfter: null }
    : toFailure('not-signed-in', 'The server shows no signed-in user', 1_000)
}

/**
 * Returns the changes of the context when the stream is gone. A stream that was open for a while resets the count of
 * attempts.
 */
export function afterStream(context: SyncContext, event: SyncEvent): Partial<SyncContext> {
  const { openedAt, silentSince, random, reconnectBase, isStreamBlocked } = context
  const failure =
    event.type === 'stream.failed'
      ? toCookieFailure(context, event.failure)
      : toFailure('network-failed', 'The stream ended or fell silent')
  const isRotated = event.type === 'stream.ended' && event.reason === 'rotated'
  // A stream that a proxy cut before its first ping counts as well, if it was open for long enough.
  const hasHeld = silentSince === 0 && context.now() - openedAt >= streamStable
  const attempts = hasHeld ? 0 : context.streamAttempts
  // The server asked for this reconnect and the new cookie is on its way, so earlier failures do not matter.
  const isExpected = isRotated || failure.code === 'session-rotated'
  const notBefore = context.now() + (failure.retryAfter ?? 0)
  const streamAttempts = attempts + (isExpected ? 0 : 1)
  return {
    ...(failure.code === 'cookie-missing' && afterCookie(context)),
    streamFailure: isRotated ? null : failure,
    streamAttempts,
    silentSince: silentSince || context.now(),
    isStreamBlocked: isStreamBlocked || streamAttempts >= streamTries,
    isReconnectQuiet: isRotated,
    reconnectAt:
      notBefore +
      (isExpected ? random() * rotationSpread : fullJitter(attempts, { first: reconnectBase, most }, random)),
    reconnectNotBefore: notBefore,
  }
}

/**
 * Returns the changes of the context when an agreement ends. One that held for a while resets the count of failures.
 */
export function afterAgreement(context: SyncContext): Partial<SyncContext> {
  return context.now() - context.confirmedAt >= sessionStable ? { attempts: 0, lostNodes: [] } : {}
}

/** The number of Clerk sessions that are remembered of one tab. */
const maxOwned = 8
const toOwned = (owned: readonly string[], sessionId: string) =>
  [...owned.filter((other) => other !== sessionId), sessionId].slice(-maxOwned)

/**
 * Returns the changes of the context when Clerk reports its state. `ended` keeps the session that a sign-out has to
 * end.
 */
export function afterClerk(context: SyncContext, identity: ClerkIdentity | null): Partial<SyncContext> {
  const { identity: before, ended, owned, lateSession, posted, isUnanswered, isUnsure } = context
  const news = { isClerkLoaded: true, identity, attempts: 0, failure: null, isRearmed: true }
  if (identity === null) {
    const left = before?.sessionId
    return {
      ...news,
      ended: left ?? ended,
      isFresh: false,
      lateSession: (isUnanswered && left) || lateSession,
      posted: null,
    }
  }
  return {
    ...news,
    ended: null,
    // The unanswered post may have signed in another user, even though this tab and the server agreed before it.
    epoch: context.epoch + (isUnanswered ? 1 : 0),
    // If only the role changed, Clerk's cached token may still contain the old one.
    isFresh: before !== null && isSame(before, identity) && before.orgRole !== identity.orgRole,
    lateSession: null,
    owned: toOwned(before === null && ended === null ? [] : owned, identity.sessionId),
    isUnsure: isUnsure || isUnanswered,
    posted: before?.sessionId === identity.sessionId ? posted : null,
  }
}

/**
 * Returns the changes of the context on the answer to a sign-out. The server may not know the session that
 * the sign-out named, and may hold another one that this tab had before; that one then has to be ended, too.
 */
export function afterClear(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const { ended, owned, lateSession } = context
  const left = owned.filter((sessionId) => sessionId !== ended)
  const isHeld = view.isSignedIn && view.sessionId !== null && left.includes(view.sessionId)
  // A session that is still there after the server was told to end it is not ended again and again.
  const isInVain =
    view.isSignedIn && view.sessionId === lateSession && (ended ?? context.view.sessionId) === lateSession
  return { ended: isHeld ? view.sessionId : null, owned: left, lateSession: isInVain ? null : lateSession }
}

/**
 * Returns the server's clock minus ours, from the answer to a request that was sent at `since`. The server read its
 * clock between that moment and now. The known offset is kept if it lies within these bounds, so an answer that took
 * long does not move the clock back.
 */
export function toOffset({ offset, now }: SyncContext, view: AuthView, since: number): number {
  return Math.max(view.now - now(), Math.min(view.now - since, offset))
}

/**
 * Returns the changes of the context on a frame of the stream. A frame is never early but may be late, as in a proxy
 * that buffers or a page that was frozen. It can therefore only show that the server's clock is further ahead than
 * known.
 */
export function afterFrame({ offset, now }: SyncContext, frame: { readonly now: number }): Partial<SyncContext> {
  return {
    lastSeenAt: now(),
    silentSince: 0,
    offset: Math.max(offset, frame.now - now()),
    isStreamBlocked: false,
    hasPolled: false,
    pollFailures: 0,
    olderPolls: 0,
  }
}

/**
 * Returns the view after the first one of a stream. If another request was answered after the stream was asked for, the
 * stream may be the older one. It then undoes nothing in the same session, and a view of another session is not taken:
 * the cookie of a new request tells which of the two sessions counts. A tab that uses the stream of another tab may know
 * a newer view, too, from the answer to its own post.
 */
function toFirstView({ view: known, newestChannel, tabRole }: SyncContext, view: AuthView): AuthView {
  if (newestChannel && newestChannel !== view.channel) return known
  return newestChannel || tabRole === 'follower' ? toNewerView(known, view) : view
}

/** Returns the changes of the context on the first view of a stream, including those of every frame. */
export function afterFirstView(context: SyncContext, view: AuthView): Partial<SyncContext> {
  const newest = toFirstView(context, view)
  const seen = afterView(context, newest)
  return {
    ...afterFrame(context, view),
    ...seen,
    offset: toOffset(context, view, context.openedAt),
    isRestored: isStreamLost(context) || isRestoring(context) || isRestoring({ ...context, ...seen }),
  }
}

/**
 * Returns the newer of two views. `rev` is compared only within one channel; of equal views the known one is returned,
 * so that the reference stays stable. A session never loses a verdict, so an unchecked view is not newer than the
 * sign-out that another node has answered: it only says that the time of waiting is up.
 */
export function toNewerView(known: AuthView, view: AuthView): AuthView {
  if (view.channel !== known.channel) return view
  if (known.state === 'signedOut' && view.state === 'unchecked') return known
  if (view.rev > known.rev) return view
  if (view.rev < known.rev) return known
  const isEqual =
    view.state === known.state && view.isSignedIn === known.isSignedIn && view.expiresAt === known.expiresAt
  return isEqual ? known : view
}

/**
 * Returns the view after the answer to a post. A sign-out that was carried out ends the Clerk session on every node, so its
 * answer counts even if the known view of that session has a higher `rev`: the node that showed it could not store it.
 *
 * A session without a verdict is only on the node that has its stream. If another node answers the sign-out, it names no
 * channel. That is no other session to turn to, so the stream stays, and the page shows that nobody is signed in.
 */
export function toAnsweredView({ view: known, identity, ended }: SyncContext, view: AuthView): AuthView {
  if (identity === null && known.state === 'unchecked' && !view.channel)
    return { ...view, channel: known.channel, rev: known.rev }
  const isEnd = identity === null && known.isSignedIn && view.state === 'signedOut' && view.channel === known.channel
  return isEnd && known.sessionId === (ended ?? known.sessionId) ? view : toNewerView(known, view)
}

/**
 * Returns the changes of the context when the client starts to listen to the server. Polling begins at once if streams
 * cannot be read.
 */
export function afterStart({ stream, silentSince, now }: SyncContext): Partial<SyncContext> {
  return {
    lastSeenAt: now(),
    openedAt: now(),
    silentSince: silentSince || now(),
    tabRole: 'alone',
    newestChannel: '',
    ...(!stream && { isStreamBlocked: true, hasPolled: false, pollFailures: 0, streamFailure: null }),
  }
}

/**
 * Returns the changes of the context after a poll that got no answer. If streams cannot be read, the poll failure
 * counts as the stream's failure.
 */
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
 * Returns the changes of the context on the answer to a poll. The answer is dropped if a post was sent or answered
 * while the poll was running, because it may be older than the answer to the post. A post that never gets an answer
 * does not block later polls. Posts are counted instead of timed, because a clock may be set back.
 *
 * A node that died before it could store its view leaves the tab with a higher `rev` than that of the node that takes over.
 * The older view counts once the server has shown it a few times in a row.
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
    // The poll named its session, so the server recognized the session by its cookie.
    isCookieKept: isCookieKept || (view.channel !== '' && view.channel === known.channel),
    ...(!stream && { streamAttempts: 0, streamFailure: null }),
    ...(!isOld && afterView(context, isLost ? view : newer)),
  }
}
