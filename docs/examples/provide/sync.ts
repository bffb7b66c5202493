import {
  BearerToken,
  SyncError,
  syncMachine,
  type AuthView,
  type FetchTokenInput,
  type FetchViewInput,
  type OpenStreamInput,
  type PostEventInput,
  type SyncEvent,
} from 'authchart'
import { fromCallback, fromPromise } from 'xstate'

export interface PollingOptions {
  readonly fetch: typeof globalThis.fetch
  readonly getToken: (options: FetchTokenInput) => Promise<string | null>
  /** Ms between two looks. */
  readonly interval: number
}

/** The sync machine without a stream, for a place where none gets through: it looks every so often. */
export const createPollingSync = ({ fetch, getToken, interval }: PollingOptions) => {
  const read = async (path: string, init?: RequestInit): Promise<AuthView> => {
    const response = await fetch(path, init)
    const answer = JSON.parse(await response.text())
    if (response.ok) return answer
    throw new SyncError(answer.code ?? 'answer-malformed', 'The server refused', answer)
  }

  return syncMachine.provide({
    actors: {
      openStream: fromCallback<SyncEvent, OpenStreamInput>(({ sendBack }) => {
        const look = () =>
          read('/auth/session').then(
            (view) => sendBack({ type: 'view.received', view }),
            (error: SyncError) => sendBack({ type: 'stream.failed', failure: error }),
          )
        const timer = setInterval(look, interval)
        void look()
        return () => clearInterval(timer)
      }),
      fetchView: fromPromise<AuthView, FetchViewInput>(() => read('/auth/session')),
      fetchToken: fromPromise<BearerToken, FetchTokenInput>(async ({ input }) => {
        const token = await getToken(input)
        if (token === null) throw new SyncError('clerk-no-token', 'There is no token')
        return new BearerToken(token)
      }),
      postEvent: fromPromise<AuthView, PostEventInput>(({ input: { channel, ...input }, signal }) => {
        const token = input.type === 'token.received' ? { token: input.token.reveal() } : {}
        const headers = { 'content-type': 'application/json' }
        const path = channel ? `/auth/events?channel=${channel}` : '/auth/events'
        return read(path, { method: 'POST', headers, body: JSON.stringify({ ...input, ...token }), signal })
      }),
    },
    // Ms each.
    delays: {
      pollFallback: 3 * interval,
      stallDelay: 60_000,
      clerkTimeout: 10_000,
      pollDelay: interval,
      pollTimeout: 5_000,
      watchdog: 3 * interval,
      streamCheck: interval,
      restoredFor: 5_000,
      reconnectDelay: interval,
      reopenDelay: 600_000,
      tokenTimeout: 5_000,
      postTimeout: 5_000,
      renewalDelay: ({ context }) => Math.max((context.view.expiresAt ?? Infinity) - context.now() - 20_000, 5_000),
      retryDelay: ({ context }) => 1_000 * 2 ** Math.min(context.attempts, 5),
      viewExpiry: interval,
      degradedDelay: 60_000,
    },
    // One that lets a transition be taken at once must become false by what the transition does.
    guards: {
      // What Clerk says.
      isClerkChanged: ({ context, event }) =>
        event.type === 'clerk.changed' && event.identity?.sessionId !== context.identity?.sessionId,
      isClerkLate: ({ context }) => !context.isClerkLoaded,
      isClerkSignedIn: ({ context }) => context.identity !== null,
      isClerkSignedOut: ({ context }) => context.isClerkLoaded && context.identity === null,
      // How the looking goes.
      hasServerView: ({ context }) => context.view.now > 0 && context.streamFailure === null,
      isRoleNew: () => false,
      mayYield: () => false,
      canStream: () => true,
      isUnshared: () => false,
      isNewFailure: () => false,
      isRestored: () => false,
      isPollDue: () => false,
      isPollUnneeded: () => true,
      mayAskNow: () => true,
      isRefusal: () => false,
      isStreamFailing: ({ context }) => context.streamAttempts > 3,
      isStreamRefused: ({ context }) => context.streamFailure?.retryable === false,
      isSilent: ({ context }) => context.now() - context.lastSeenAt > 3 * interval,
      isOverdue: ({ context }) => context.now() - context.lastSeenAt > 2 * interval,
      isStale: () => false,
      isOtherChannel: () => false,
      isClockMoved: () => false,
      // The end of a view is looked for once an interval.
      isViewExpiryMoved: ({ context }) => context.view.isSignedIn && context.viewExpiresAt === null,
      mayReconnect: () => true,
      // Whether the server has to be told.
      isAssertionDue: ({ context }) => context.settled === null,
      isAssertionRedundant: () => false,
      isTokenDue: ({ context }) => context.view.sessionId !== context.identity?.sessionId,
      isClearDue: ({ context }) => context.ended !== null,
      isClearUnneeded: ({ context }) => context.settled === null,
      isClearRedundant: ({ context }) => context.identity === null && context.ended === null,
      // What the server made of it.
      isOverruled: () => false,
      isLost: ({ context }) => context.view.state === 'signedOut',
      isRefused: ({ context }) => context.view.state === 'signedOut' && context.view.error?.retryable === false,
      isCurrent: ({ context }) => context.view.isSignedIn && context.view.sessionId === context.identity?.sessionId,
      isExpiring: ({ context }) => (context.view.expiresAt ?? Infinity) - context.now() < 20_000,
      isTokenExpiryMoved: ({ context, event }) =>
        event.type === 'view.received' && event.view.expiresAt !== context.view.expiresAt,
      isPostedAlready: () => false,
      isAnswer: ({ event }, kind) => {
        const { isSignedIn } = (event as unknown as { output: AuthView }).output
        return kind === (isSignedIn ? 'agreed' : 'lost')
      },
      // How often it is tried.
      isCachedTokenRefused: () => false,
      isSpent: ({ context }) => context.attempts > 10,
      isRetryable: ({ context }) => context.failure?.retryable !== false,
      mayRetryNow: ({ context }) => context.isRearmed,
    },
  })
}
