import { assign, cancel, fromCallback, fromPromise, raise, spawnChild, stateIn, stopChild } from 'xstate'
import type { DoneActorEvent, ErrorActorEvent } from 'xstate'
import type { AuthView } from './auth-view.ts'
import type { BearerToken } from './bearer-token.ts'
import type { SyncContext, SyncInput } from './sync-context.ts'
import type { FetchTokenInput, OpenStreamInput, PostEventInput, SyncEvent, SyncEventOf } from './sync-events.ts'
import { toDelay } from './backoff.ts'
import { slimSetup } from './slim-setup.ts'
import { SyncError, toFailure, toSyncFailure } from './sync-error.ts'
import * as changes from './sync-changes.ts'
import * as rules from './sync-rules.ts'

const notProvided = (actor: string) => () => {
  throw new SyncError('internal', `syncMachine: actor ${actor} is not provided`)
}

type ClerkChanged = SyncEventOf<'clerk.changed'>
type ViewReceived = SyncEventOf<'view.received'>
type PingReceived = SyncEventOf<'ping.received'>
type Answered = DoneActorEvent<AuthView>
type Failed = ErrorActorEvent

/** What follows from the context, and from an event of the type for which the chart names it. */
const by =
  <Event, Params, Result>(rule: (context: SyncContext, event: Event, params: Params) => Result) =>
  ({ context, event }: { context: SyncContext; event: unknown }, params: Params) =>
    rule(context, event as Event, params)

/** A word of the server, with its clock. */
const heard = ({ now }: SyncContext, word: { readonly now: number }) => ({ heardAt: now(), offset: word.now - now() })
/** An occasion on which this tab asserts anew who it is, however often it has failed. */
const toOccasion = ({ epoch }: SyncContext) => ({ epoch: epoch + 1, attempts: 0, isRearmed: true })

/** Two readings of the server's clock differ by the way they took: more than this, ms, and it was set. */
const maxDrift = 5_000

/** What the chart of the sync machine names: its actors, guards, actions and delays. */
export const syncSetup = slimSetup({
  types: {
    context: {} as SyncContext,
    events: {} as SyncEvent | { type: 'view.aged' },
    input: {} as SyncInput,
  },
  actors: {
    openStream: fromCallback<SyncEvent, OpenStreamInput>(notProvided('openStream')),
    fetchToken: fromPromise<BearerToken, FetchTokenInput>(notProvided('fetchToken')),
    postEvent: fromPromise<AuthView, PostEventInput>(notProvided('postEvent')),
  },
  guards: {
    isClerkNews: by(
      ({ isClerkLoaded, identity }, event: ClerkChanged) =>
        event.isLoaded !== isClerkLoaded || (event.isLoaded && !rules.isKnown(identity, event.identity)),
    ),
    isClerkSignedIn: by(({ isClerkLoaded, identity }) => isClerkLoaded && identity !== null),
    isClerkSignedOut: by(rules.isClerkSignedOut),
    isStreamOpen: stateIn({ stream: 'open' }),
    isStreamFailing: by(rules.isStreamFailing),
    isStreamRefused: by(({ streamFailure }) => streamFailure?.retryable === false),
    isSilent: by(rules.isSilent),
    /** Where an answer tells of no channel, the cookie leads to no session: not to the one of the stream either. */
    isOtherChannel: by(({ view, channel }) => view.channel !== channel),
    /** The server's clock was set: what was reckoned by it has to be reckoned anew. */
    isClockMoved: by((context, { now }: PingReceived) => Math.abs(now - context.now() - context.offset) > maxDrift),
    /** Between start and stop: a client made while rendering on a server arms no timer, nor does one that rests. */
    isLapseMoved: by(
      (context) => context.heardAt > 0 && rules.isHeld(context) && rules.toLapse(context) !== context.lapseAt,
    ),
    mayReconnect: by((context) => rules.isPast(context, context.reconnectNotBefore)),
    isOccasion: by(rules.isOccasion),
    isOccasionMoot: by(rules.isOccasionMoot),
    isOverruled: by(rules.isOverruled),
    isTokenDue: by(rules.isTokenDue),
    isClearDue: by(rules.isClearDue),
    isClearSpared: by((context) => rules.isOccasion(context) && context.view.state !== 'verifying'),
    isClearMoot: by((context) => rules.isClerkSignedOut(context) && !rules.isClearDue(context)),
    isLost: by(rules.isLost),
    isRefused: by(rules.isRefused),
    isCurrent: by(rules.isCurrent),
    isExpiring: by(rules.isExpiring),
    /** Of this tab's identity: on a view of another one, the agreement is over. */
    isExpiryMoved: by(
      ({ view, identity }, event: ViewReceived) =>
        event.view.expiresAt !== view.expiresAt && rules.showsIdentity({ view: event.view, identity }),
    ),
    isPostedAlready: by(
      ({ isFresh, posted }, { output: token }: DoneActorEvent<BearerToken>) =>
        !isFresh && posted?.reveal() === token.reveal(),
    ),
    /** By the newest view known: a node that has yet to hear of a later decision answers with the one before. */
    isAnswer: by(
      (context, { output: view }: Answered, kind: ReturnType<typeof rules.toAnswer>) =>
        rules.toAnswer({ ...context, view: changes.toNewerView(context.view, view) }) === kind,
    ),
    isSpent: by(({ failure, attempts, retries }) => failure?.retryable === false || attempts > retries),
    isRetryable: by(({ failure }) => failure?.retryable !== false),
    mayRetryNow: by((context) => context.isRearmed && rules.isPast(context, context.retryNotBefore)),
  },
  actions: {
    openStream: spawnChild('openStream', { id: 'stream', input: ({ context }) => ({ tab: context.tab }) }),
    closeStream: stopChild('stream'),
    noteConnecting: assign(by(({ now }) => ({ heardAt: now(), openedAt: now() }))),
    takeFirstView: assign(
      by((context, { view }: ViewReceived) => ({
        ...heard(context, view),
        openedAt: context.now(),
        view,
        channel: view.channel,
        streamFailure: null,
        isQuiet: false,
        ...(view.channel !== context.channel && { posted: null }),
        ...(!context.isQuiet && toOccasion(context)),
      })),
    ),
    takeView: assign(
      by((context, { view }: ViewReceived) => ({
        ...heard(context, view),
        view: changes.toNewerView(context.view, view),
      })),
    ),
    notePing: assign(by((context, ping: PingReceived) => heard(context, ping))),
    noteHint: assign(by((_, { delay }: SyncEventOf<'retry.hinted'>) => ({ reconnectBase: delay }))),
    noteStreamLost: assign(by(changes.afterStream)),
    planReopening: raise({ type: 'retry.wanted' }, { id: 'reopening', delay: 'reopenDelay' }),
    dropReopening: cancel('reopening'),
    hushReconnect: assign({ isQuiet: true }),
    forgetStream: assign({ streamFailure: null, streamAttempts: 0, heardAt: 0, lapseAt: null }),

    forgetLapse: assign({ lapseAt: null }),
    noteLapse: assign(by((context) => ({ lapseAt: rules.toLapse(context) }))),
    disarmLapse: cancel('lapse'),
    armLapse: raise({ type: 'view.aged' }, { id: 'lapse', delay: 'lapse' }),

    noteClerk: assign(
      by((context, { isLoaded, identity }: ClerkChanged) =>
        isLoaded ? changes.afterClerk(context, identity) : { isClerkLoaded: false },
      ),
    ),
    forgetClerk: assign({ isClerkLoaded: false, token: null }),
    noteFocus: assign(by((context) => ({ ...toOccasion(context), isFocused: true }))),
    noteRetry: assign(by(toOccasion)),
    noteFocusLost: assign({ isFocused: false }),
    passOccasion: assign(by((context) => ({ settled: rules.toIdentityKey(context) }))),
    rearm: assign({ attempts: 0, isRearmed: true }),
    disarm: assign({ isRearmed: false }),

    chooseCache: assign(by((context) => ({ isFresh: context.isFresh || rules.isNearExpiry(context) }))),
    askAfresh: assign({ isFresh: true }),
    holdToken: assign(by((_, { output: token }: DoneActorEvent<BearerToken>) => ({ token }))),
    numberPost: assign(
      by((context) => ({
        seq: context.seq + 1,
        postedAt: context.now(),
        isUnanswered: true,
        asserted: rules.toIdentityKey(context),
      })),
    ),
    takeAnswer: assign(
      by((context, { output: view }: Answered) => ({
        view: changes.toNewerView(context.view, view),
        offset: view.now - context.now(),
        posted: context.token,
        isUnanswered: false,
        isUnsure: false,
        ...(context.identity === null ? changes.afterClear(context, view) : { ended: null }),
      })),
    ),
    takeErrorView: assign(
      by(({ view }, { error }: Failed) => ({
        view: changes.toNewerView(view, (error as Partial<SyncError> | undefined)?.view ?? view),
      })),
    ),
    settle: assign(
      by((context) => ({
        settled: (rules.isOccasion(context) && context.asserted) || rules.toIdentityKey(context),
        asserted: null,
        isFresh: false,
        failure: null,
        confirmedAt: context.now(),
      })),
    ),
    forgiveFailures: assign(by(changes.afterAgreement)),
    noteFailure: assign(by((context, { error }: Failed) => changes.afterFailure(context, toSyncFailure(error)))),
    noteLate: assign(
      by((context, _, code: 'clerk-timeout' | 'network-failed') =>
        changes.afterFailure(context, toFailure(code, 'No answer in time')),
      ),
    ),
    noteViewError: assign(by((context) => changes.afterFailure(context, changes.toViewFailure(context), false))),
    noteStreamFailure: assign(by(({ streamFailure }) => ({ failure: streamFailure }))),
  },
  delays: {
    watchdog: ({ context }) => toDelay(context.heardAt + rules.toSilenceLimit(context), context.now()),
    reconnectDelay: ({ context }) => toDelay(context.reconnectAt, context.now()),
    /** A refusal may be a deployment's, on a page that nobody is in front of: 4 to 6 minutes. */
    reopenDelay: ({ context }) => 240_000 + context.random() * 120_000,
    tokenTimeout: ({ context }) => context.tokenTimeout,
    postTimeout: ({ context }) => context.postTimeout,
    renewalDelay: ({ context }) => rules.toRenewalDelay(context),
    retryDelay: ({ context }) => toDelay(context.retryAt, context.now()),
    /** With a look every 15 s: timers do not run while a machine sleeps, and clocks are set. */
    lapse: ({ context }) => Math.min(toDelay(rules.toLapse(context), context.now()), 15_000),
    heartbeat: ({ context }) => 20_000 + context.random() * 10_000,
  },
})
