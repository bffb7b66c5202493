import { and, assign, fromCallback, fromPromise, not, or, setup, spawnChild, stateIn, stopChild } from 'xstate'
import type { AuthView } from './auth-view.ts'
import type { BearerToken } from './bearer-token.ts'
import type { SyncContext, SyncInput } from './sync-context.ts'
import type { FetchTokenInput, OpenStreamInput, PostEventInput, SyncEvent } from './sync-events.ts'
import { toDelay } from './backoff.ts'
import { createSyncContext } from './sync-context.ts'
import { SyncError, toFailure, toSyncFailure } from './sync-error.ts'
import * as rules from './sync-rules.ts'

const notProvided = (actor: string) => new SyncError('internal', `syncMachine: actor ${actor} is not provided`)
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

/**
 * Keeps the server's view equal to what Clerk says in this tab. Region `stream` holds the server's event stream open;
 * region `session` reconciles, posting only while the stream is open, one post at a time.
 *
 * The host provides the actors: `openStream` sends `view.received`, `ping.received`, `retry.hinted`, and at its end
 * `stream.ended` or `stream.failed`; `fetchToken` asks Clerk; `postEvent` asks the server.
 */
export const syncMachine = setup({
  types: {} as { context: SyncContext; events: SyncEvent; input: SyncInput },
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
    isOtherChannel: ({ context: { view, channel } }) => view.channel !== '' && view.channel !== channel,
    mayReconnect: ({ context }) => context.now() >= context.reconnectNotBefore,
    isOccasion: by(rules.isOccasion),
    isTokenDue: by(rules.isTokenDue),
    isClearDue: by(rules.isClearDue),
    isClearMoot: ({ context }) => context.isClerkLoaded && context.identity === null && !rules.isClearDue(context),
    isVerifying: ({ context }) => context.view.state === 'verifying',
    isLost: by(rules.isLost),
    isRefused: by(rules.isRefused),
    isCurrent: by(rules.isCurrent),
    isExpiring: by(rules.isExpiring),
    isExpiryMoved: ({ context, event }) =>
      event.type === 'view.received' && event.view.expiresAt !== context.view.expiresAt,
    isPostedAlready: ({ context, event }) => !context.isFresh && context.posted?.reveal() === tokenOf(event).reveal(),
    isAnswer: ({ context, event }, kind: ReturnType<typeof rules.toAnswer>) =>
      rules.toAnswer(context, viewOf(event)) === kind,
    isSpent: ({ context }) => context.failure?.retryable === false || context.attempts > context.retries,
    isRetryable: ({ context }) => context.failure?.retryable !== false,
    mayRetryNow: ({ context }) => context.isRearmed && context.now() >= context.retryNotBefore,
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
        ? { ...heard(context, event.view.now), view: rules.toNewerView(context.view, event.view) }
        : {},
    ),
    notePing: assign(({ context, event }) => (event.type === 'ping.received' ? heard(context, event.now) : {})),
    noteHint: assign(({ event }) => (event.type === 'retry.hinted' ? { reconnectBase: event.delay } : {})),
    noteStreamLost: assign(({ context, event }) => rules.afterStream(context, event)),
    hushReconnect: assign({ isQuiet: true }),
    forgetStream: assign({ streamFailure: null, streamAttempts: 0 }),

    noteClerk: assign(({ context, event }) => {
      if (event.type !== 'clerk.changed') return {}
      return event.isLoaded ? rules.afterClerk(context, event.identity) : { isClerkLoaded: false }
    }),
    forgetClerk: assign({ isClerkLoaded: false, token: null }),
    noteOccasion: assign(({ context }) => ({ epoch: context.epoch + 1, attempts: 0, isRearmed: true })),
    rearm: assign({ attempts: 0, isRearmed: true }),
    disarm: assign({ isRearmed: false }),

    chooseCache: assign(({ context }) => ({ isFresh: context.isFresh || rules.isNearExpiry(context) })),
    askAfresh: assign({ isFresh: true }),
    holdToken: assign(({ event }) => ({ token: tokenOf(event) })),
    numberPost: assign(({ context }) => ({ seq: context.seq + 1, postedAt: context.now() })),
    takeAnswer: assign(({ context, event }) => {
      const view = rules.toNewerView(context.view, viewOf(event))
      return { view, offset: viewOf(event).now - context.now(), posted: context.token, ended: null }
    }),
    takeErrorView: assign(({ context, event }) => {
      const view = (errorOf(event) as Partial<SyncError> | undefined)?.view
      return view ? { view: rules.toNewerView(context.view, view) } : {}
    }),
    settle: assign(({ context }) => ({
      settled: rules.toIdentityKey(context),
      isFresh: false,
      failure: null,
      confirmedAt: context.now(),
    })),
    forgiveFailures: assign(({ context }) => rules.afterAgreement(context)),
    noteFailure: assign(({ context, event }) => rules.afterFailure(context, toSyncFailure(errorOf(event)))),
    noteTokenLate: assign(({ context }) =>
      rules.afterFailure(context, toFailure('clerk-timeout', 'Clerk gave no token in time')),
    ),
    noteAnswerLate: assign(({ context }) =>
      rules.afterFailure(context, toFailure('network-failed', 'The server gave no answer in time')),
    ),
    noteViewError: assign(({ context }) => rules.afterFailure(context, rules.toViewFailure(context), false)),
    noteStreamFailure: assign(({ context }) => ({ failure: context.streamFailure })),
  },
  delays: {
    watchdog: ({ context }) => toDelay(context.heardAt + rules.toSilenceLimit(context), context.now()),
    reconnectDelay: ({ context }) => toDelay(context.reconnectAt, context.now()),
    tokenTimeout: ({ context }) => context.tokenTimeout,
    postTimeout: ({ context }) => context.postTimeout,
    renewalDelay: ({ context }) => rules.toRenewalDelay(context),
    retryDelay: ({ context }) => toDelay(context.retryAt, context.now()),
    heartbeat: ({ context }) => 45_000 + context.random() * 30_000,
  },
}).createMachine({
  id: 'sync',
  description: 'Keeps what the server knows equal to what Clerk says in this tab.',
  type: 'parallel',
  context: ({ input }) => createSyncContext(input),
  states: {
    stream: {
      description: 'The event stream of the server.',
      initial: 'closed',
      on: {
        'client.stopped': { target: '.closed', actions: 'forgetStream' },
        'retry.hinted': { actions: 'noteHint' },
        'stream.ended': { target: '.backoff', actions: 'noteStreamLost' },
        'stream.failed': [
          { guard: 'isFinalFailure', target: '.closed', actions: 'noteStreamLost' },
          { target: '.backoff', actions: 'noteStreamLost' },
        ],
        'xstate.error.actor.stream': { target: '.backoff', actions: 'noteStreamLost' },
      },
      states: {
        closed: {
          description: 'No stream: not started, stopped, or refused for good.',
          entry: 'closeStream',
          on: {
            'client.started': 'connecting',
            'clerk.changed': { guard: and(['isStreamRefused', 'isClerkNews']), target: 'connecting' },
            'focus.gained': { guard: 'isStreamRefused', target: 'connecting' },
          },
        },
        connecting: {
          description: 'Asked for a stream; its first view is awaited.',
          entry: ['noteConnecting', 'openStream'],
          on: {
            'view.received': { target: 'open', actions: 'takeFirstView' },
          },
          after: { watchdog: { target: 'backoff', actions: 'noteStreamLost' } },
        },
        open: {
          description: 'Views arrive. Given up when silent for 2.5 pings.',
          always: { guard: 'isOtherChannel', target: 'connecting', actions: ['closeStream', 'hushReconnect'] },
          on: {
            'view.received': { actions: 'takeView' },
            'ping.received': { actions: 'notePing' },
            'focus.gained': { guard: 'isSilent', target: 'backoff', actions: 'noteStreamLost' },
            'network.online': { guard: 'isSilent', target: 'backoff', actions: 'noteStreamLost' },
          },
          after: {
            watchdog: [
              { guard: 'isSilent', target: 'backoff', actions: 'noteStreamLost' },
              { target: 'open', reenter: true },
            ],
          },
        },
        backoff: {
          description: 'The stream broke; the next attempt waits, with full jitter or as the server said.',
          entry: 'closeStream',
          on: {
            'focus.gained': { guard: 'mayReconnect', target: 'connecting' },
            'network.online': { guard: 'mayReconnect', target: 'connecting' },
          },
          after: { reconnectDelay: 'connecting' },
        },
      },
    },
    session: {
      description: 'What this tab asserts, and whether the server agrees.',
      initial: 'waitingForClerk',
      on: {
        'client.stopped': { target: '.waitingForClerk', actions: 'forgetClerk' },
        'clerk.changed': { guard: 'isClerkNews', target: '.waitingForClerk', actions: 'noteClerk' },
        'focus.gained': { actions: 'noteOccasion' },
        'network.online': { actions: 'rearm' },
      },
      states: {
        waitingForClerk: {
          description: 'Clerk has not loaded. Once it has, every new attempt starts here.',
          always: [
            { guard: 'isClerkSignedOut', target: 'signedOut' },
            { guard: 'isClerkSignedIn', target: 'fetchingToken' },
          ],
        },
        signedOut: {
          description: 'Clerk says nobody is signed in. The server is told where it has to be.',
          always: [
            { guard: and(['isStreamOpen', 'isClearDue']), target: 'posting' },
            { guard: and(['isStreamOpen', 'isOccasion', not('isVerifying')]), actions: 'settle' },
          ],
        },
        fetchingToken: {
          description: 'Clerk says somebody is signed in, and the server may have to hear of it.',
          initial: 'waitingForStream',
          states: {
            waitingForStream: {
              description: 'Nothing is asserted before the server has shown what it knows.',
              always: [
                { guard: and(['isStreamOpen', or(['isTokenDue', 'isExpiring'])]), target: 'requesting' },
                { guard: 'isStreamOpen', target: '#sync.session.confirmed' },
                { guard: 'isStreamFailing', target: '#sync.session.degraded', actions: 'noteStreamFailure' },
              ],
            },
            requesting: {
              description: 'Asks Clerk for a token: the cached one, unless it is known to be of no use.',
              entry: 'chooseCache',
              invoke: {
                src: 'fetchToken',
                input: ({ context }) => ({ skipCache: context.isFresh }),
                onDone: [
                  { guard: 'isPostedAlready', target: 'requesting', reenter: true, actions: 'askAfresh' },
                  { target: '#sync.session.posting', actions: 'holdToken' },
                ],
                onError: { target: '#sync.session.retrying', actions: 'noteFailure' },
              },
              after: { tokenTimeout: { target: '#sync.session.retrying', actions: 'noteTokenLate' } },
            },
          },
        },
        posting: {
          description: 'One post is in the air: a token, or the end of a session.',
          entry: 'numberPost',
          invoke: {
            src: 'postEvent',
            input: ({ context }) => rules.toPost(context),
            onDone: [
              { guard: 'isClerkSignedOut', target: 'signedOut', actions: ['takeAnswer', 'settle'] },
              { guard: { type: 'isAnswer', params: 'agreed' }, target: 'confirmed', actions: 'takeAnswer' },
              { guard: { type: 'isAnswer', params: 'overruled' }, target: 'confirmed', actions: 'takeAnswer' },
              {
                guard: { type: 'isAnswer', params: 'askAfresh' },
                target: 'fetchingToken.requesting',
                actions: ['takeAnswer', 'askAfresh'],
              },
              { target: 'retrying', actions: ['takeAnswer', 'noteViewError'] },
            ],
            onError: { target: 'retrying', actions: ['takeErrorView', 'noteFailure'] },
          },
          after: { postTimeout: { target: 'retrying', actions: 'noteAnswerLate' } },
        },
        confirmed: {
          description: 'The server acknowledged who this tab is. The token is renewed before it expires.',
          entry: 'settle',
          exit: 'forgiveFailures',
          on: { 'view.received': { guard: 'isExpiryMoved', target: 'confirmed', reenter: true } },
          always: [
            { guard: 'isRefused', target: 'retrying', actions: 'noteViewError' },
            { guard: and(['isOccasion', 'isTokenDue']), target: 'fetchingToken' },
            { guard: 'isLost', target: 'retrying', actions: 'noteViewError' },
          ],
          after: { renewalDelay: 'fetchingToken' },
        },
        retrying: {
          description: 'An attempt failed; the next one waits, with full jitter or as the server said.',
          entry: 'disarm',
          always: [
            { guard: 'isSpent', target: 'degraded' },
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearMoot', target: 'signedOut' },
          ],
          after: { retryDelay: 'waitingForClerk' },
        },
        degraded: {
          description: "Gave up: the server's session lives until its own expiry. Tried again on any news, or rarely.",
          entry: 'disarm',
          always: [
            { guard: 'mayRetryNow', target: 'waitingForClerk' },
            { guard: 'isCurrent', target: 'confirmed' },
            { guard: 'isClearMoot', target: 'signedOut' },
          ],
          after: { heartbeat: { guard: 'isRetryable', target: 'waitingForClerk' } },
        },
      },
    },
  },
})
