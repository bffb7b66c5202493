import { assign, fromCallback, fromPromise, setup, spawnChild, stateIn, stopChild } from 'xstate'
import type { AuthView } from './auth-view.ts'
import type { BearerToken } from './bearer-token.ts'
import type { SyncContext, SyncInput } from './sync-context.ts'
import type { FetchTokenInput, OpenStreamInput, PostEventInput, SyncEvent } from './sync-events.ts'
import { toDelay } from './backoff.ts'
import { SyncError, toFailure, toSyncFailure } from './sync-error.ts'
import * as changes from './sync-changes.ts'
import * as rules from './sync-rules.ts'

const notProvided = (actor: string) => new SyncError('internal', `syncMachine: actor ${actor} is not provided`)

/** Two readings of the server's clock differ by the way they took: more than this, ms, and it was set. */
const maxDrift = 5_000

/** What the event that ends a promise actor carries. */
const tokenOf = (event: unknown) => (event as { output: BearerToken }).output
const viewOf = (event: unknown) => (event as { output: AuthView }).output
const errorOf = (event: unknown) => (event as { error: unknown }).error

/** A rule over the context as a guard. */
const by =
  (rule: (context: SyncContext) => boolean) =>
  ({ context }: { context: SyncContext }) =>
    rule(context)
const heard = (context: SyncContext, now: number) => ({ heardAt: context.now(), offset: now - context.now() })

/** What the chart of the sync machine names: its actors, guards, actions and delays. */
export const syncSetup = setup({
  types: { context: {} as SyncContext, events: {} as SyncEvent, input: {} as SyncInput },
  actors: {
    openStream: fromCallback<SyncEvent, OpenStreamInput>(() => {
      throw notProvided('openStream')
    }),
    fetchToken: fromPromise<BearerToken, FetchTokenInput>(() => Promise.reject(notProvided('fetchToken'))),
    postEvent: fromPromise<AuthView, PostEventInput>(() => Promise.reject(notProvided('postEvent'))),
  },
  guards: {
    isClerkNews: ({ context, event }) =>
      event.type === 'clerk.changed' &&
      (event.isLoaded !== context.isClerkLoaded ||
        (event.isLoaded && !rules.isKnown(context.identity, event.identity))),
    isClerkSignedIn: ({ context }) => context.isClerkLoaded && context.identity !== null,
    isClerkSignedOut: ({ context }) => context.isClerkLoaded && context.identity === null,
    isStreamOpen: stateIn({ stream: 'open' }),
    isStreamFailing: by(rules.isStreamFailing),
    isStreamRefused: ({ context }) => context.streamFailure?.retryable === false,
    isFinalFailure: ({ event }) => event.type === 'stream.failed' && !event.failure.retryable,
    isSilent: by(rules.isSilent),
    /** Where an answer tells of no channel, the cookie leads to no session: not to the one of the stream either. */
    isOtherChannel: ({ context: { view, channel } }) => view.channel !== channel,
    /** The server's clock was set: what was reckoned by it has to be reckoned anew. */
    isClockMoved: ({ context, event }) =>
      event.type === 'ping.received' && Math.abs(event.now - context.now() - context.offset) > maxDrift,
    mayReconnect: ({ context }) => rules.isPast(context, context.reconnectNotBefore),
    isOccasion: by(rules.isOccasion),
    isOccasionMoot: by(rules.isOccasionMoot),
    isOverruled: by(rules.isOverruled),
    isTokenDue: by(rules.isTokenDue),
    isClearDue: by(rules.isClearDue),
    isClearSpared: ({ context }) => rules.isOccasion(context) && context.view.state !== 'verifying',
    isClearMoot: ({ context }) => context.isClerkLoaded && context.identity === null && !rules.isClearDue(context),
    isLost: by(rules.isLost),
    isRefused: by(rules.isRefused),
    isCurrent: by(rules.isCurrent),
    isExpiring: by(rules.isExpiring),
    /** Of this tab's identity: on a view of another one, the agreement is over. */
    isExpiryMoved: ({ context, event }) =>
      event.type === 'view.received' &&
      event.view.expiresAt !== context.view.expiresAt &&
      rules.showsIdentity(event.view, context.identity),
    isPostedAlready: ({ context, event }) => !context.isFresh && context.posted?.reveal() === tokenOf(event).reveal(),
    /** By the newest view known: a node that has yet to hear of a later decision answers with the one before. */
    isAnswer: ({ context, event }, kind: ReturnType<typeof rules.toAnswer>) =>
      rules.toAnswer(context, changes.toNewerView(context.view, viewOf(event))) === kind,
    isSpent: ({ context }) => context.failure?.retryable === false || context.attempts > context.retries,
    isRetryable: ({ context }) => context.failure?.retryable !== false,
    mayRetryNow: ({ context }) => context.isRearmed && rules.isPast(context, context.retryNotBefore),
  },
  actions: {
    openStream: spawnChild('openStream', { id: 'stream', input: ({ context }) => ({ tab: context.tab }) }),
    closeStream: stopChild('stream'),
    noteConnecting: assign(({ context }) => ({ heardAt: context.now(), openedAt: context.now() })),
    takeFirstView: assign(({ context, event }) => {
      if (event.type !== 'view.received') return {}
      return {
        ...heard(context, event.view.now),
        openedAt: context.now(),
        view: event.view,
        channel: event.view.channel,
        streamFailure: null,
        isQuiet: false,
        ...(event.view.channel !== context.channel && { posted: null }),
        ...(!context.isQuiet && { epoch: context.epoch + 1, attempts: 0, isRearmed: true }),
      }
    }),
    takeView: assign(({ context, event }) =>
      event.type === 'view.received'
        ? { ...heard(context, event.view.now), view: changes.toNewerView(context.view, event.view) }
        : {},
    ),
    notePing: assign(({ context, event }) => (event.type === 'ping.received' ? heard(context, event.now) : {})),
    noteHint: assign(({ event }) => (event.type === 'retry.hinted' ? { reconnectBase: event.delay } : {})),
    noteStreamLost: assign(({ context, event }) => changes.afterStream(context, event)),
    hushReconnect: assign({ isQuiet: true }),
    forgetStream: assign({ streamFailure: null, streamAttempts: 0 }),

    noteClerk: assign(({ context, event }) => {
      if (event.type !== 'clerk.changed') return {}
      return event.isLoaded ? changes.afterClerk(context, event.identity) : { isClerkLoaded: false }
    }),
    forgetClerk: assign({ isClerkLoaded: false, token: null }),
    noteFocus: assign(({ context }) => ({ epoch: context.epoch + 1, attempts: 0, isRearmed: true, isFocused: true })),
    noteFocusLost: assign({ isFocused: false }),
    passOccasion: assign(({ context }) => ({ settled: rules.toIdentityKey(context) })),
    rearm: assign({ attempts: 0, isRearmed: true }),
    disarm: assign({ isRearmed: false }),

    chooseCache: assign(({ context }) => ({ isFresh: context.isFresh || rules.isNearExpiry(context) })),
    askAfresh: assign({ isFresh: true }),
    holdToken: assign(({ event }) => ({ token: tokenOf(event) })),
    numberPost: assign(({ context }) => ({
      seq: context.seq + 1,
      postedAt: context.now(),
      isUnanswered: true,
      asserted: rules.toIdentityKey(context),
    })),
    takeAnswer: assign(({ context, event }) => {
      const view = changes.toNewerView(context.view, viewOf(event))
      const rest = context.identity === null ? changes.afterClear(context, viewOf(event)) : { ended: null }
      const answered = { posted: context.token, isUnanswered: false, isUnsure: false }
      return { view, offset: viewOf(event).now - context.now(), ...answered, ...rest }
    }),
    takeErrorView: assign(({ context, event }) => {
      const view = (errorOf(event) as Partial<SyncError> | undefined)?.view
      return view ? { view: changes.toNewerView(context.view, view) } : {}
    }),
    settle: assign(({ context }) => ({
      settled: (rules.isOccasion(context) && context.asserted) || rules.toIdentityKey(context),
      asserted: null,
      isFresh: false,
      failure: null,
      confirmedAt: context.now(),
    })),
    forgiveFailures: assign(({ context }) => changes.afterAgreement(context)),
    noteFailure: assign(({ context, event }) => changes.afterFailure(context, toSyncFailure(errorOf(event)))),
    noteLate: assign(({ context }, code: 'clerk-timeout' | 'network-failed') =>
      changes.afterFailure(context, toFailure(code, 'No answer in time')),
    ),
    noteViewError: assign(({ context }) => changes.afterFailure(context, changes.toViewFailure(context), false)),
    noteStreamFailure: assign(({ context }) => ({ failure: context.streamFailure })),
  },
  delays: {
    watchdog: ({ context }) => toDelay(context.heardAt + rules.toSilenceLimit(context), context.now()),
    reconnectDelay: ({ context }) => toDelay(context.reconnectAt, context.now()),
    tokenTimeout: ({ context }) => context.tokenTimeout,
    postTimeout: ({ context }) => context.postTimeout,
    renewalDelay: ({ context }) => rules.toRenewalDelay(context),
    retryDelay: ({ context }) => toDelay(context.retryAt, context.now()),
    heartbeat: ({ context }) => 20_000 + context.random() * 10_000,
  },
})
