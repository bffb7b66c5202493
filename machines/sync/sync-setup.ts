import {
  and,
  assign,
  cancel,
  fromCallback,
  fromPromise,
  not,
  or,
  raise,
  spawnChild,
  stateIn,
  stopChild,
  type DoneActorEvent,
  type ErrorActorEvent,
} from 'xstate'
import type { AuthView } from '../auth-view.ts'
import { toDelay } from '../backoff.ts'
import type { BearerToken } from '../bearer-token.ts'
import { slimSetup } from './slim-setup.ts'
import * as status from './status-rules.ts'
import * as changes from './sync-changes.ts'
import type { SyncContext, SyncInput } from './sync-context.ts'
import { SyncError, toFailure, toSyncFailure } from './sync-error.ts'
import type {
  FetchTokenInput,
  FetchViewInput,
  OpenStreamInput,
  PostEventInput,
  SyncEvent,
  SyncEventOf,
} from './sync-events.ts'
import * as rules from './sync-rules.ts'

const notProvided = (actor: string) => () => {
  throw new SyncError('internal', `syncMachine: actor ${actor} is not provided`)
}

type ClerkChanged = SyncEventOf<'clerk.changed'>
type ViewReceived = SyncEventOf<'view.received'>
type PingReceived = SyncEventOf<'ping.received'>
type StreamShared = SyncEventOf<'stream.shared'>
type Answered = DoneActorEvent<AuthView>
type Failed = ErrorActorEvent

/** Adapts a rule over the context, and the event of the type for which the chart names it, to XState's arguments. */
const by =
  <Event, Params, Result>(rule: (context: SyncContext, event: Event, params: Params) => Result) =>
  ({ context, event }: { context: SyncContext; event: unknown }, params: Params) =>
    rule(context, event as Event, params)

/** Makes this tab assert its identity again, regardless of earlier failures. */
const toAssertion = ({ epoch }: SyncContext) => ({ epoch: epoch + 1, attempts: 0, isRearmed: true })

/** After this time without a frame of any stream the client also polls, ms. */
const streamlessLimit = 3_000
/** A stream that was lost counts as restored for this long, and then as live, ms. */
const restoredFor = 5_000
/** A post without an answer for this long, ms, may be waiting for a connection, because a browser has six per host. */
const stallAfter = 2_000
/** After that the tab has no stream for at least this long, ms, and for at most half as long again. */
const yieldFor = 60_000

/**
 * Two readings of the server's clock differ by their time in transit. If they differ by more than this, ms, the clock
 * was set.
 */
const maxDrift = 5_000
/** Interval at which an open stream is checked, ms. Only the clock shows that a machine has slept. */
const checkEvery = 4_000

/** The actors, guards, actions and delays that the chart of the sync machine names. */
export const syncSetup = slimSetup({
  types: {
    context: {} as SyncContext,
    events: {} as SyncEvent | { type: 'view.aged' } | { type: 'clerk.late' } | { type: 'post.stalled' },
    input: {} as SyncInput,
  },
  actors: {
    openStream: fromCallback<SyncEvent, OpenStreamInput>(notProvided('openStream')),
    fetchView: fromPromise<AuthView, FetchViewInput>(notProvided('fetchView')),
    fetchToken: fromPromise<BearerToken, FetchTokenInput>(notProvided('fetchToken')),
    postEvent: fromPromise<AuthView, PostEventInput>(notProvided('postEvent')),
  },
  guards: {
    isClerkChanged: by(
      ({ isClerkLoaded, identity }, event: ClerkChanged) =>
        event.isLoaded !== isClerkLoaded || (event.isLoaded && !rules.isKnown(identity, event.identity)),
    ),
    isClerkSignedIn: by(({ isClerkLoaded, identity }) => isClerkLoaded && identity !== null),
    isClerkSignedOut: by(status.isClerkSignedOut),
    isClerkLate: by(({ isClerkLoaded }) => !isClerkLoaded),
    /** True if the tab's role changed. An assertion that is still due must not be settled by it. */
    isRoleNew: by(
      (context, { isLeader }: StreamShared) =>
        isLeader === (context.tabRole === 'follower') && !status.isAssertionDue(context),
    ),
    /**
     * The stream may give way to a post only if tabs do not share it: then they may hold all connections that the
     * browser has for the server.
     */
    mayYield: and([stateIn({ stream: 'open' }), by(({ tabRole }) => tabRole === 'alone')]),
    /**
     * The server has shown its view, by a stream or, if none gets through, by its answers. A server that is full gives
     * no stream to an unknown browser, whose session it does not know either, but does give one to a signed-in user.
     */
    hasServerView: or([
      stateIn({ stream: 'open' }),
      by((context) => context.isUnshared || status.isPolling(context) || rules.isCrowdedOut(context)),
    ]),
    canStream: by(({ stream }) => stream),
    isStreamFailing: by(status.isStreamFailing),
    isStreamRefused: by(({ streamFailure }) => streamFailure?.retryable === false),
    isSilent: by((context) => rules.isSilent(context)),
    /**
     * The view of an answer is of another session than the stream. An answer without a channel means that the cookie
     * leads to no session.
     */
    isOtherChannel: by(({ view, channel, isUnshared }) => view.channel !== channel && !isUnshared),
    isOverdue: by(rules.isOverdue),
    isStale: by((context, event: ViewReceived | PingReceived) =>
      rules.isStale(context, event.type === 'view.received' ? event.view : event),
    ),
    /** The server's clock was set forward, so the times that follow from it have to be computed again. */
    isClockMoved: by((context, { now }: PingReceived) => now - context.now() - context.offset > maxDrift),
    /**
     * The end of the view has moved and needs another timer. The timer runs only between start and stop, so that a
     * client made while rendering on a server arms none.
     */
    isViewExpiryMoved: by(
      (context) =>
        context.lastSeenAt > 0 &&
        (status.isHeld(context) || status.isRestoring(context)) &&
        status.toViewExpiry(context) !== context.viewExpiresAt,
    ),
    isUnshared: and([by(({ isUnshared }) => isUnshared), not(stateIn({ stream: 'closed' }))]),
    isNewFailure: by((context) => {
      const failure = status.toCurrentFailure(context)
      return failure !== null && failure !== context.lastFailure
    }),
    isRestored: by(({ isRestored }) => isRestored),
    isPollDue: by(status.isPollDue),
    isPollUnneeded: by((context) => !status.isPollDue(context)),
    mayAskNow: by((context) => context.pollFailures > 0 && rules.isPast(context, context.pollNotBefore)),
    isRefusal: by((_, { error }: Failed) => !toSyncFailure(error).retryable),
    mayReconnect: by((context) => rules.isPast(context, context.reconnectNotBefore)),
    isAssertionDue: by(status.isAssertionDue),
    isAssertionRedundant: by(rules.isAssertionRedundant),
    isOverruled: by(rules.isOverruled),
    isTokenDue: by(rules.isTokenDue),
    isClearDue: by(status.isClearDue),
    isClearUnneeded: by((context) => status.isAssertionDue(context) && context.view.state !== 'verifying'),
    isClearRedundant: by((context) => status.isClerkSignedOut(context) && !status.isClearDue(context)),
    isLost: by(rules.isLost),
    isRefused: by(rules.isRefused),
    isCurrent: by(status.isCurrent),
    isExpiring: by(rules.isExpiring),
    /**
     * The expiry changed while the view still shows this tab's identity; a view of another identity ends the agreement.
     */
    isTokenExpiryMoved: by(
      ({ view, identity }, event: ViewReceived) =>
        event.view.expiresAt !== view.expiresAt && status.showsIdentity({ view: event.view, identity }),
    ),
    isPostedAlready: by(
      ({ isFresh, posted }, { output: token }: DoneActorEvent<BearerToken>) =>
        !isFresh && posted?.reveal() === token.reveal(),
    ),
    /**
     * The newest known view counts, because a node that does not know a later decision yet answers with an older
     * view.
     */
    isAnswer: by(
      (context, { output: view }: Answered, kind: ReturnType<typeof rules.toAnswer>) =>
        rules.toAnswer({ ...context, view: changes.toNewerView(context.view, view) }) === kind,
    ),
    /** Clerk's cached token may lack something that a fresh one has: the origin of this page, or a role given since. */
    isCachedTokenRefused: by(({ isFresh, identity }, { error }: Failed) => {
      const { code, retryable } = toSyncFailure(error)
      return identity !== null && !isFresh && !retryable && code.startsWith('token-')
    }),
    isSpent: by(({ failure, attempts, retries }) => failure?.retryable === false || attempts > retries),
    isRetryable: by(({ failure }) => failure?.retryable !== false),
    mayRetryNow: by((context) => context.isRearmed && rules.isPast(context, context.retryNotBefore)),
  },
  actions: {
    openStream: spawnChild('openStream', {
      id: 'stream',
      input: ({ context: { tab, view, channel } }) => ({
        tab,
        channel: view.channel,
        isMoved: channel !== '' && view.channel !== channel,
      }),
    }),
    closeStream: stopChild('stream'),
    noteTab: assign(by((context, { tab = context.tab }: SyncEventOf<'client.started'>) => ({ tab }))),
    noteRole: assign(by((_, { isLeader }: StreamShared) => ({ tabRole: isLeader ? 'leader' : 'follower' }))),
    noteStarting: assign(by(changes.afterStart)),
    takeFirstView: assign(
      by((context, { view }: ViewReceived) => ({
        ...changes.afterFirstView(context, view),
        openedAt: context.now(),
        trip: context.now() - context.openedAt,
        channel: view.channel,
        isCookieKept: context.isCookieKept || view.channel === context.view.channel,
        streamFailure: null,
        isReconnectQuiet: false,
        ...(view.channel !== context.channel && { posted: null }),
        ...(!context.isReconnectQuiet && toAssertion(context)),
      })),
    ),
    takeView: assign(
      by((context, { view }: ViewReceived) => ({
        ...changes.afterFrame(context, view),
        ...changes.afterView(context, changes.toNewerView(context.view, view)),
      })),
    ),
    noteSteady: assign({ isRestored: false }),
    notePing: assign(by((context, ping: PingReceived) => changes.afterFrame(context, ping))),
    noteHint: assign(by((_, { delay }: SyncEventOf<'retry.hinted'>) => ({ reconnectBase: delay }))),
    noteStreamLost: assign(by(changes.afterStream)),
    noteStreamBlocked: assign({ isStreamBlocked: true }),
    noteYield: assign(
      by(({ now, random }) => ({
        isStreamBlocked: true,
        hasPolled: true,
        reconnectAt: now() + yieldFor * (1 + random() / 2),
        reconnectNotBefore: now(),
      })),
    ),
    noteUnshared: assign({
      streamFailure: {
        ...toFailure('store-not-shared', 'The nodes of the server do not share their sessions'),
        retryable: false,
      },
    }),
    notePoll: assign(by(({ exchanges, now }) => ({ exchangesAtPoll: exchanges, polledAt: now() }))),
    takePolledView: assign(
      by((context, { output: view }: Answered) => ({
        ...changes.afterPoll(context, view),
        ...((!context.hasPolled || context.pollFailures > 0) && toAssertion(context)),
      })),
    ),
    notePollFailure: assign(by(changes.afterPollFailure)),
    refuseStream: raise(({ event }) => ({
      type: 'stream.failed',
      failure: toSyncFailure((event as unknown as Failed).error),
    })),
    forgetUnshared: assign({ isUnshared: false }),
    scheduleReopening: raise({ type: 'retry.requested' }, { id: 'reopening', delay: 'reopenDelay' }),
    cancelReopening: cancel('reopening'),
    markQuietReconnect: assign({ isReconnectQuiet: true }),
    forgetStream: assign({
      streamFailure: null,
      streamAttempts: 0,
      lastSeenAt: 0,
      silentSince: 0,
      viewExpiresAt: null,
      isStreamBlocked: false,
      hasPolled: false,
      pollFailures: 0,
      isRestored: false,
      isReconnectQuiet: false,
      lostNodes: [],
      proof: null,
    }),

    forgetViewExpiry: assign({ viewExpiresAt: null }),
    noteViewExpiry: assign(by((context) => ({ viewExpiresAt: status.toViewExpiry(context) }))),
    cancelViewExpiryTimer: cancel('viewExpiry'),
    startViewExpiryTimer: raise({ type: 'view.aged' }, { id: 'viewExpiry', delay: 'viewExpiry' }),

    noteClerk: assign(
      by((context, { isLoaded, identity }: ClerkChanged) =>
        isLoaded ? changes.afterClerk(context, identity) : { isClerkLoaded: false },
      ),
    ),
    forgetClerk: assign({ isClerkLoaded: false, token: null, failure: null }),
    startClerkTimeout: raise({ type: 'clerk.late' }, { id: 'clerk', delay: 'clerkTimeout' }),
    cancelClerkTimeout: cancel('clerk'),
    noteClerkLate: assign({
      failure: toFailure('clerk-unavailable', 'Clerk did not load: its script or API is blocked or cannot be reached'),
    }),
    noteFocus: assign(by((context) => ({ ...toAssertion(context), isFocused: true }))),
    noteRetry: assign(by(toAssertion)),
    noteFocusLost: assign({ isFocused: false }),
    skipAssertion: assign(by((context) => ({ settled: status.toIdentityKey(context) }))),
    rearm: assign({ attempts: 0, isRearmed: true }),
    disarm: assign({ isRearmed: false }),

    chooseCache: assign(by((context) => ({ isFresh: context.isFresh || rules.isExpiring(context) }))),
    requireFreshToken: assign({ isFresh: true }),
    holdToken: assign(by((_, { output: token }: DoneActorEvent<BearerToken>) => ({ token }))),
    noteStall: raise({ type: 'post.stalled' }),
    numberPost: assign(
      by((context) => ({
        seq: context.seq + 1,
        exchanges: context.exchanges + 1,
        postedAt: context.now(),
        isUnanswered: true,
        asserted: status.toIdentityKey(context),
      })),
    ),
    takeAnswer: assign(
      by((context, { output: view }: Answered) => ({
        ...changes.afterView(context, changes.toAnsweredView(context, view)),
        offset: changes.toOffset(context, view, context.postedAt),
        isCookieKept: context.isCookieKept || view.channel === context.view.channel,
        posted: context.token,
        exchanges: context.exchanges + 1,
        isUnanswered: false,
        isUnsure: false,
        ...(context.identity === null ? changes.afterClear(context, view) : { ended: null }),
      })),
    ),
    takeErrorView: assign(
      by((context, { error }: Failed) => {
        const { view } = Object(error) as Partial<SyncError>
        return view ? changes.afterView(context, changes.toNewerView(context.view, view)) : {}
      }),
    ),
    settle: assign(
      by((context) => ({
        settled: (status.isAssertionDue(context) && context.asserted) || status.toIdentityKey(context),
        asserted: null,
        isFresh: false,
        failure: null,
        confirmedAt: context.now(),
      })),
    ),
    resetFailures: assign(by(changes.afterAgreement)),
    noteFailure: assign(by((context, { error }: Failed) => changes.afterFailure(context, toSyncFailure(error)))),
    noteTimeout: assign(
      by((context, _, code: 'clerk-timeout' | 'network-failed') =>
        changes.afterFailure(context, toFailure(code, 'No answer in time')),
      ),
    ),
    noteViewError: assign(by((context) => changes.afterFailure(context, changes.toViewFailure(context), false))),
    noteStreamFailure: assign(by(({ streamFailure }) => ({ failure: streamFailure }))),
    keepFailure: assign(by((context) => ({ lastFailure: status.toCurrentFailure(context) }))),
  },
  delays: {
    watchdog: ({ context }) => toDelay(context.lastSeenAt + rules.toSilenceLimit(context), context.now()),
    streamCheck: ({ context }) =>
      Math.min(toDelay(context.lastSeenAt + rules.toSilenceLimit(context), context.now()), checkEvery),
    pollFallback: ({ context }) =>
      Math.min(toDelay(context.silentSince + streamlessLimit, context.now()), streamlessLimit),
    restoredFor: ({ context }) => toDelay(context.openedAt + restoredFor, context.now()),
    /** On a slow network an answer takes as long as the first view did, so the delay grows with that. */
    stallDelay: ({ context: { trip } }) => Math.min(Math.max(stallAfter, 2 * trip), 4 * stallAfter),
    clerkTimeout: ({ context }) => context.clerkTimeout,
    pollDelay: ({ context }) => rules.toPollDelay(context),
    /** The connection may be dead, so a poll is given up early and the next one uses another connection. */
    pollTimeout: ({ context: { pollInterval, postTimeout } }) =>
      Math.min(Math.max(pollInterval, checkEvery), postTimeout),
    reconnectDelay: ({ context }) => toDelay(context.reconnectAt, context.now()),
    /**
     * 4 to 6 minutes. The refusal may be due to a deployment, and the page may have no person in front of it who
     * reloads it.
     */
    reopenDelay: ({ context }) => 240_000 + context.random() * 120_000,
    tokenTimeout: ({ context }) => context.tokenTimeout,
    postTimeout: ({ context }) => context.postTimeout,
    renewalDelay: ({ context }) => rules.toRenewalDelay(context),
    retryDelay: ({ context }) => toDelay(context.retryAt, context.now()),
    /**
     * The timer fires at least every 15 s to compare clocks, because timers do not run while a machine sleeps and
     * clocks are set.
     */
    viewExpiry: ({ context }) => Math.min(toDelay(status.toViewExpiry(context), context.now()), 15_000),
    degradedDelay: ({ context }) => 20_000 + context.random() * 10_000,
  },
})
