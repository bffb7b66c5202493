import { authErrors, authMachine, type BearerToken, type VerifiedSession } from 'authchart'
import { fromPromise } from 'xstate'

/** Provides every name that `authMachine.provide` takes, except for its actions, each with a rule of its own. */
export const createOwnAuth = (verify: (token: BearerToken, signal: AbortSignal) => Promise<VerifiedSession>) =>
  authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
        verify(input.token, signal),
      ),
    },
    // All delays are in ms. The first two are also options of the machine's input.
    delays: {
      authWaitTimeout: 3_000,
      verifyTimeout: 2_000,
      staleness: ({ context }) => Math.max((context.expiresAt ?? 0) - context.settings.now(), 0),
      // The session ends at the expiry itself and not after the tolerance. The guards below agree with that.
      expiry: ({ context }) => Math.max((context.expiresAt ?? 0) - context.settings.now(), 0),
      retryDelay: ({ context }) => Math.max(context.retryAt - context.settings.now(), 500),
      lateGrace: 100,
    },
    guards: {
      // These guards are about the tokens that wait.
      isQueueFull: ({ context }) => context.queue.length > 1,
      hasQueuedToken: ({ context }) => context.queue.length > 0,
      hasHeldToken: ({ context }) => context.held.length > 0,
      // These guards are about time.
      isTimedOut: ({ context }) => context.timedOut,
      isAwaitingVerdict: ({ context }) => !context.decided && !context.timedOut,
      isStale: ({ context }) => context.settings.now() >= (context.expiresAt ?? 0) - 10_000,
      isExpired: ({ context }) => context.settings.now() >= (context.expiresAt ?? 0),
      isTimerLate: () => false,
      // These guards are about the user that an event names.
      isConcerned: ({ context }, named) => named.sessionId === undefined || named.sessionId === context.sessionId,
      isCurrentUser: ({ context }, userId) => context.userId === userId,
      isAdoptable: (_, record) => record.status === 'signedIn' && record.orgId === 'org_ours',
      // These guards are about the use of a verified token.
      isSuperseded: ({ context }, session) => session.issuedAt < (context.issuedAt ?? 0),
      isProof: ({ context }, session) => session.orgId === 'org_ours' && context.settings.now() < session.expiresAt,
      isPending: (_, session) => session.status === 'pending',
      // These guards are about the meaning of a failed check.
      isStrict: () => true,
      isUndecided: (_, error) => authErrors[error.code].state === 'error',
      hasAgedOut: ({ context }, code) => code === 'token-expired' && context.queue[0]?.undecided !== null,
    },
  })
