import { assign, emit, enqueueActions, fromPromise, raise, setup, type SnapshotFrom } from 'xstate'
import {
  createAuthContext,
  isAdoptable,
  isConcerned,
  isOlder,
  isQueueFull,
  proofDeadline,
  toRefusal,
  withHeldToken,
  withoutProof,
  withProof,
  withRecord,
  withRefusal,
  withRetrySoon,
  type AuthContext,
  type AuthInput,
} from './auth-context.ts'
import {
  AuthError,
  authErrors,
  toAuthError,
  toCodeView,
  toErrorView,
  type AuthErrorCode,
  type AuthErrorView,
} from './auth-error.ts'
import type { AdoptedSession, AuthEmitted, AuthEvent, TokenOutcome } from './auth-events.ts'
import { toDelay } from './backoff.ts'
import type { BearerToken } from './bearer-token.ts'
import type { AuthUser, VerifiedSession } from './verified-session.ts'

/**
 * A timer that is this many ms late means a blocked event loop or a suspended machine. Input that already waits is then
 * handled first.
 */
const maxTimerLag = 250

/**
 * Builds the verdict over the first token in the queue. The host of a held token was answered when the token was held,
 * so the event does not name it.
 */
const toSettled = (context: AuthContext, outcome: TokenOutcome, error: AuthErrorView | null): AuthEmitted => {
  const front = context.queue[0]
  return { type: 'token.settled', id: front?.undecided ? undefined : front?.id, outcome, error }
}

/**
 * The type includes `void`, because XState drops `undefined` from an optional type and would then require an input of
 * every embedder.
 */
type OptionalAuthInput = AuthInput | void

const authSetup = setup({
  types: {
    context: {} as AuthContext,
    input: undefined as OptionalAuthInput,
    events: {} as AuthEvent | { type: 'session.expired' },
    emitted: {} as AuthEmitted,
    tags: {} as 'pending' | 'checked' | 'signedIn',
  },
  actors: {
    /** Verifies one token. It resolves with what the token proves, and rejects with an `AuthError`. */
    verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(() =>
      Promise.reject(
        new AuthError('internal', 'verifyToken is not provided: authMachine.provide({ actors: { verifyToken } })'),
      ),
    ),
  },
  guards: {
    isQueueFull: ({ context }) => isQueueFull(context),
    hasQueuedToken: ({ context }) => context.queue.length > 0,
    hasHeldToken: ({ context }) => context.held.length > 0,
    isTimedOut: ({ context }) => context.timedOut,
    isAwaitingVerdict: ({ context }) => !context.decided && !context.timedOut,
    isStale: ({ context }) => context.settings.now() >= (context.expiresAt ?? -Infinity),
    isExpired: ({ context }) => context.settings.now() >= proofDeadline(context),
    isTimerLate: ({ context }) => context.settings.now() > proofDeadline(context) + maxTimerLag,
    isStrict: ({ context }) => context.settings.refusedToken === 'signOut',
    isConcerned: ({ context }, named: { sessionId?: string; userId?: string }) => isConcerned(context, named),
    isCurrentUser: ({ context }, userId: string) => context.userId === userId,
    isAdoptable: ({ context }, record: AdoptedSession) => isAdoptable(context, record),
    /** The verified token is older than the one that proves the session. */
    isSuperseded: ({ context }, session: VerifiedSession) => isOlder(context, session),
    /** The verified token proves a session: it has no tombstone, is not expired and not pending. */
    isProof: ({ context }, session: VerifiedSession) => toRefusal(context, session) === null,
    isPending: ({ context }, session: VerifiedSession) => toRefusal(context, session)?.code === 'session-pending',
    isUndecided: (_, error: AuthError) => authErrors[error.code].state === 'error',
    /** A held token expired while it waited. Its owner did nothing wrong, so this is no verdict. */
    hasAgedOut: ({ context }, code: AuthErrorCode | undefined) =>
      code === 'token-expired' && (context.queue[0]?.undecided ?? null) !== null,
  },
  actions: {
    enqueueToken: assign({
      queue: ({ context, event }) =>
        event.type === 'token.received'
          ? [...context.queue, { id: event.id, token: event.token, undecided: null }]
          : context.queue,
    }),
    rejectToken: emit(({ event }) => ({
      type: 'token.settled',
      id: event.type === 'token.received' ? event.id : undefined,
      outcome: 'refused',
      error: toCodeView('too-many-requests'),
    })),
    requestToken: emit({ type: 'token.needed' }),
    ignoreToken: enqueueActions(({ enqueue, context }) => {
      enqueue.emit(toSettled(context, 'ignored', null))
      enqueue.assign({ queue: context.queue.slice(1) })
    }),
    acceptToken: enqueueActions(({ enqueue, context }, session: VerifiedSession) => {
      enqueue.emit(toSettled(context, 'accepted', null))
      enqueue.assign(withProof(context, session))
    }),
    refuseToken: enqueueActions(({ enqueue, context }, error: AuthErrorView) => {
      enqueue.emit(toSettled(context, 'refused', error))
      enqueue.assign(withRefusal(context, error))
    }),
    /** Gives up on the first token in the queue for now. The proof stays. */
    abandonToken: enqueueActions(({ enqueue, context }, error: AuthErrorView) => {
      enqueue.emit(toSettled(context, 'undecided', error))
      enqueue.assign({ error, queue: context.queue.slice(1) })
    }),
    holdToken: enqueueActions(({ enqueue, context }, error: AuthError) => {
      enqueue.emit(toSettled(context, 'undecided', toErrorView(error)))
      enqueue.assign(withHeldToken(context, error))
    }),
    recallOutage: assign({ error: ({ context }) => context.held.at(-1)?.undecided ?? context.error }),
    requeueHeldTokens: assign(({ context }) => ({ queue: [...context.held, ...context.queue], held: [] })),
    scheduleRetrySoon: assign(({ context }) => withRetrySoon(context)),
    discardTokens: enqueueActions(({ enqueue, context }) => {
      for (const { id, token, undecided } of [...context.held, ...context.queue]) {
        enqueue.emit({ type: 'token.discarded', id: undecided ? undefined : id, token })
      }
      enqueue.assign({ queue: [], held: [], attempts: 0 })
    }),
    adoptRecord: assign((_, record: AdoptedSession) => withRecord(record)),
    clearProof: assign(() => withoutProof(null)),
    expireProof: assign(() => withoutProof(toCodeView('token-expired'))),
    revokeProof: assign(({ event }) =>
      withoutProof(toCodeView((event.type === 'session.revoked' && event.code) || 'session-revoked')),
    ),
    noteVerdict: assign({
      decided: ({ context }) =>
        context.decided || context.sessionId !== null || context.queue.length + context.held.length === 0,
    }),
    markTimedOut: assign({ timedOut: true }),
    reportTimedOut: emit({ type: 'auth.waitTimedOut' }),
    reportExpiry: raise({ type: 'session.expired' }),
    deferExpiry: raise({ type: 'session.expired' }, { delay: 'lateGrace' }),
    setUser: assign({ user: (_, user: AuthUser) => user }),
    noteUserFailed: assign({ error: toCodeView('user-load-failed') }),
  },
  delays: {
    authWaitTimeout: ({ context }) => context.settings.authWaitTimeout,
    verifyTimeout: ({ context }) => context.settings.verifyTimeout,
    /** Milliseconds until `exp` of the proven token. */
    staleness: ({ context }) => toDelay(context.expiresAt ?? 0, context.settings.now()),
    /** Milliseconds until `exp` plus the clock tolerance. */
    expiry: ({ context }) => toDelay(proofDeadline(context), context.settings.now()),
    retryDelay: ({ context }) => toDelay(context.retryAt, context.settings.now()),
    lateGrace: 50,
  },
})

/**
 * The statechart of what the server knows about one browser session. Its deadlines are absolute and recomputed on every
 * entry. To restore a session, a host therefore starts a fresh actor and sends it `session.adopted`; a persisted
 * snapshot does not do, because XState does not arm its timers again.
 *
 * Provide `verifyToken`; everything else has a default that `input` ({@link AuthInput}) or `provide` overrides.
 *
 * @example
 * const actor = createActor(authMachine.provide({ actors: { verifyToken } }), { input: { clockTolerance: 5 } }).start()
 * actor.send({ type: 'token.received', token: new BearerToken(text) })
 */
export const authMachine = authSetup.createMachine({
  id: 'auth',
  context: ({ input }) => createAuthContext(input ?? {}),
  initial: 'unchecked',
  after: {
    authWaitTimeout: { guard: 'isAwaitingVerdict', actions: ['markTimedOut', 'reportTimedOut'] },
  },
  on: {
    'token.received': { target: '.verifying', actions: 'enqueueToken' },
    'session.cleared': {
      guard: { type: 'isConcerned', params: ({ event }) => event },
      target: '.signedOut',
      actions: ['discardTokens', 'clearProof'],
    },
    'session.revoked': {
      guard: { type: 'isConcerned', params: ({ event }) => event },
      target: '.signedOut',
      actions: ['discardTokens', 'revokeProof'],
    },
    'session.adopted': [
      {
        guard: { type: 'isAdoptable', params: ({ event }) => event.record },
        target: '.signedIn',
        actions: { type: 'adoptRecord', params: ({ event }) => event.record },
      },
      { target: '.signedOut', actions: 'clearProof' },
    ],
  },
  states: {
    unchecked: {
      description: 'The browser has sent nothing yet, so there is no verdict.',
      tags: 'pending',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'The auth-wait timeout has not passed yet.',
          always: { guard: 'isTimedOut', target: 'timedOut' },
        },
        timedOut: { description: 'The browser has sent nothing within the auth-wait timeout.' },
      },
    },
    verifying: {
      description: 'A first token is being checked, and no user is signed in yet.',
      tags: 'pending',
      invoke: {
        src: 'verifyToken',
        input: ({ context }) => ({ token: context.queue[0]!.token }),
        onDone: [
          {
            guard: { type: 'isProof', params: ({ event }) => event.output },
            target: 'signedIn',
            actions: { type: 'acceptToken', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'hasAgedOut', params: ({ context, event }) => toRefusal(context, event.output)?.code },
            target: 'error',
            actions: [{ type: 'refuseToken', params: toCodeView('token-expired') }, 'requestToken'],
          },
          {
            target: 'signedOut',
            actions: { type: 'refuseToken', params: ({ context, event }) => toRefusal(context, event.output)! },
          },
        ],
        onError: [
          {
            guard: { type: 'isUndecided', params: ({ event }) => toAuthError(event.error) },
            target: 'error',
            actions: { type: 'holdToken', params: ({ event }) => toAuthError(event.error) },
          },
          {
            guard: { type: 'hasAgedOut', params: ({ event }) => toAuthError(event.error).code },
            target: 'error',
            actions: [{ type: 'refuseToken', params: toCodeView('token-expired') }, 'requestToken'],
          },
          {
            target: 'signedOut',
            actions: { type: 'refuseToken', params: ({ event }) => toErrorView(toAuthError(event.error)) },
          },
        ],
      },
      after: {
        verifyTimeout: {
          target: 'error',
          actions: { type: 'holdToken', params: () => new AuthError('verify-timeout') },
        },
      },
      on: {
        'token.received': [{ guard: 'isQueueFull', actions: 'rejectToken' }, { actions: 'enqueueToken' }],
        'session.adopted': [
          {
            guard: { type: 'isAdoptable', params: ({ event }) => event.record },
            target: 'signedIn',
            actions: { type: 'adoptRecord', params: ({ event }) => event.record },
          },
          { description: 'There is no proof to end, so the check goes on.' },
        ],
      },
    },
    signedIn: {
      description: 'A token that is still valid proves who the user is.',
      tags: ['checked', 'signedIn'],
      initial: 'current',
      entry: 'noteVerdict',
      after: {
        expiry: [
          { guard: 'isTimerLate', actions: 'deferExpiry' },
          { guard: 'isExpired', actions: 'reportExpiry' },
          { target: 'signedIn', reenter: true },
        ],
      },
      on: {
        'token.received': [
          { guard: 'isExpired', target: 'verifying', actions: ['clearProof', 'enqueueToken'] },
          { target: '.renewing', actions: 'enqueueToken' },
        ],
        'session.expired': { guard: 'isExpired', target: 'signedOut', actions: 'expireProof' },
        'user.loaded': {
          guard: { type: 'isCurrentUser', params: ({ event }) => event.user.id },
          actions: { type: 'setUser', params: ({ event }) => event.user },
        },
        'user.failed': {
          guard: { type: 'isCurrentUser', params: ({ event }) => event.userId },
          actions: 'noteUserFailed',
        },
      },
      states: {
        current: {
          description: 'The token has not reached its exp.',
          always: [
            { guard: 'hasQueuedToken', target: 'renewing' },
            { guard: 'isStale', target: 'stale' },
          ],
          after: { staleness: { target: 'current', reenter: true } },
        },
        renewing: {
          description: 'The user stays signed in while another token is checked.',
          invoke: {
            src: 'verifyToken',
            input: ({ context }) => ({ token: context.queue[0]!.token }),
            onDone: [
              {
                guard: { type: 'isSuperseded', params: ({ event }) => event.output },
                target: 'current',
                actions: 'ignoreToken',
              },
              {
                guard: { type: 'isProof', params: ({ event }) => event.output },
                target: '#auth.signedIn',
                reenter: true,
                actions: { type: 'acceptToken', params: ({ event }) => event.output },
              },
              {
                guard: { type: 'isPending', params: ({ event }) => event.output },
                target: '#auth.signedOut',
                actions: ['clearProof', { type: 'refuseToken', params: toCodeView('session-pending') }],
              },
              {
                guard: 'isStrict',
                target: '#auth.signedOut',
                actions: [
                  'clearProof',
                  { type: 'refuseToken', params: ({ context, event }) => toRefusal(context, event.output)! },
                ],
              },
              {
                target: 'current',
                actions: { type: 'refuseToken', params: ({ context, event }) => toRefusal(context, event.output)! },
              },
            ],
            onError: [
              {
                guard: { type: 'isUndecided', params: ({ event }) => toAuthError(event.error) },
                target: 'current',
                actions: { type: 'abandonToken', params: ({ event }) => toErrorView(toAuthError(event.error)) },
              },
              {
                guard: 'isStrict',
                target: '#auth.signedOut',
                actions: [
                  'clearProof',
                  { type: 'refuseToken', params: ({ event }) => toErrorView(toAuthError(event.error)) },
                ],
              },
              {
                target: 'current',
                actions: { type: 'refuseToken', params: ({ event }) => toErrorView(toAuthError(event.error)) },
              },
            ],
          },
          after: {
            verifyTimeout: {
              target: 'current',
              actions: { type: 'abandonToken', params: toCodeView('verify-timeout') },
            },
          },
          on: {
            'token.received': [{ guard: 'isQueueFull', actions: 'rejectToken' }, { actions: 'enqueueToken' }],
            'session.expired': { guard: 'isExpired', target: '#auth.verifying', actions: 'clearProof' },
            'session.adopted': [
              {
                guard: { type: 'isAdoptable', params: ({ event }) => event.record },
                target: '#auth.signedIn',
                reenter: true,
                actions: { type: 'adoptRecord', params: ({ event }) => event.record },
              },
              { target: '#auth.verifying', actions: 'clearProof' },
            ],
          },
        },
        stale: {
          description: 'The token is past its exp but within the clock tolerance, so a fresh token is requested.',
          entry: 'requestToken',
        },
      },
    },
    signedOut: {
      description: 'A verdict says that no user is signed in.',
      tags: 'checked',
      entry: 'noteVerdict',
      always: [
        { guard: 'hasQueuedToken', target: 'verifying' },
        { guard: 'hasHeldToken', target: 'error', actions: 'recallOutage' },
      ],
    },
    error: {
      description: 'No verdict could be reached, so no user is signed in or signed out. Held tokens are checked again.',
      always: { guard: 'hasQueuedToken', target: 'verifying' },
      after: {
        retryDelay: { guard: 'hasHeldToken', target: 'verifying', actions: 'requeueHeldTokens' },
      },
      on: {
        'keys.refreshed': { guard: 'hasHeldToken', target: 'error', reenter: true, actions: 'scheduleRetrySoon' },
      },
    },
  },
})

/** The type of {@link authMachine}. */
export type AuthMachine = typeof authMachine
/** A snapshot of {@link authMachine}. Pass it to {@link toAuthView} to read it. */
export type AuthSnapshot = SnapshotFrom<AuthMachine>
