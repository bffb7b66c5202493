import { fromPromise } from 'xstate'
import { authErrors, authMachine } from 'authchart'
import type { BearerToken, VerifiedSession } from 'authchart'

/** Every name that `authMachine.provide` takes but its actions, each with a rule of one's own. */
export const createOwnAuth = (verify: (token: BearerToken, signal: AbortSignal) => Promise<VerifiedSession>) =>
  authMachine.provide({
    actors: {
      verifyToken: fromPromise<VerifiedSession, { token: BearerToken }>(({ input, signal }) =>
        verify(input.token, signal),
      ),
    },
    // Ms each. The first two are options of the machine's input as well.
    delays: {
      authWaitTimeout: 3_000,
      verifyTimeout: 2_000,
      staleness: ({ context }) => Math.max((context.expiresAt ?? 0) - context.settings.now(), 0),
      // A minute earlier than the tolerance would have it; the guards below agree.
      expiry: ({ context }) => Math.max((context.expiresAt ?? 0) - context.settings.now(), 0),
      retryDelay: ({ context }) => Math.max(context.retryAt - context.settings.now(), 500),
      lateGrace: 100,
    },
    guards: {
      // What waits.
      isQueueFull: ({ context }) => context.queue.length > 1,
      hasQueuedToken: ({ context }) => context.queue.length > 0,
      hasHeldToken: ({ context }) => context.held.length > 0,
      // What time it is.
      isTimedOut: ({ context }) => context.timedOut,
      isAwaitingVerdict: ({ context }) => !context.decided && !context.timedOut,
      isStale: ({ context }) => context.settings.now() >= (context.expiresAt ?? 0) - 10_000,
      isExpired: ({ context }) => context.settings.now() >= (context.expiresAt ?? 0),
      isTimerLate: () => false,
      // The user that an event is about.
      isConcerned: ({ context }, named) => named.sessionId === undefined || named.sessionId === context.sessionId,
      isCurrentUser: ({ context }, userId) => context.userId === userId,
      isAdoptable: (_, record) => record.status === 'signedIn' && record.orgId === 'org_ours',
      // What a verified token is good for.
      isSuperseded: ({ context }, session) => session.issuedAt < (context.issuedAt ?? 0),
      isProof: ({ context }, session) => session.orgId === 'org_ours' && context.settings.now() < session.expiresAt,
      isPending: (_, session) => session.status === 'pending',
      // What a failed check means.
      isStrict: () => true,
      isUndecided: (_, error) => authErrors[error.code].state === 'error',
      hasAgedOut: ({ context }, code) => code === 'token-expired' && context.queue[0]?.undecided !== null,
    },
  })
