import { fromCallback, fromPromise } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import type {
  FetchTokenInput,
  FetchViewInput,
  OpenStreamInput,
  PostEventInput,
  SyncEvent,
} from '../../machines/sync/sync-events.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import { SyncError, toSyncFailure } from '../../machines/sync/sync-error.ts'
import type { GetToken } from './clerk-state.ts'
import type { Transport } from './transport.ts'
import { toSyncError } from './sync-response.ts'

export interface SyncActorsOptions {
  readonly transport: Transport
  /** Clerk's `getToken` of this moment. */
  readonly getToken: GetToken
  /** Takes the timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
  /** Told of every error before the machine is. */
  readonly onError: (error: SyncError) => void
}

/** How long a post that is not wanted any more may take to come to its end, ms. The next one waits for it. */
const grace = 2_000

/** The actors that the sync machine runs in a browser. */
export function createSyncActors({ transport, getToken, setTimer, onError }: SyncActorsOptions) {
  /** Reports a failure, unless it only echoes that nobody waits any more. */
  const report = (error: unknown, signal: AbortSignal): SyncError => {
    const failure = toSyncError(error)
    if (!signal.aborted) onError(failure)
    return failure
  }

  let inAir: Promise<unknown> = Promise.resolve()

  return {
    openStream: fromCallback<SyncEvent, OpenStreamInput>(({ input, sendBack }) => {
      const controller = new AbortController()
      const { signal } = controller
      const read = async () => {
        const send = (event: SyncEvent) => {
          if (!signal.aborted) sendBack(event)
        }
        try {
          // A stream that is closed in the task that opened it, as React's StrictMode does, is never asked for.
          await Promise.resolve()
          if (!signal.aborted) await transport.readStream(input, send, signal)
        } catch (error) {
          send({ type: 'stream.failed', failure: toSyncFailure(report(error, signal)) })
        }
      }
      void read()
      return () => controller.abort()
    }),

    fetchView: fromPromise<AuthView, FetchViewInput>(({ input, signal }) =>
      transport.fetchView(input, signal).catch((error: unknown) => {
        throw report(error, signal)
      }),
    ),

    fetchToken: fromPromise<BearerToken, FetchTokenInput>(async ({ input, signal }) => {
      try {
        const token = await getToken(input.skipCache ? { skipCache: true } : undefined)
        if (!token) throw new TypeError('getToken resolved with no token')
        return new BearerToken(token)
      } catch (cause) {
        throw report(new SyncError('clerk-no-token', 'Clerk gave no token', { cause }), signal)
      }
    }),

    postEvent: fromPromise<AuthView, PostEventInput>(async ({ input, signal }) => {
      await inAir
      // Not `throwIfAborted`: browsers from before 2022 lack it.
      if (signal.aborted) throw signal.reason
      const controller = new AbortController()
      // Who is not waiting any more still wants the cookie that the answer may bring: cut off at once, this browser would
      // be left with a retired one.
      signal.addEventListener('abort', () => setTimer(() => controller.abort(), grace))
      const post = transport.post(input, controller.signal)
      inAir = Promise.allSettled([post])
      return post.catch((error: unknown) => {
        throw report(error, signal)
      })
    }),
  }
}
