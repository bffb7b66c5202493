import { fromCallback, fromPromise } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import { SyncError, toSyncFailure } from '../../machines/sync/sync-error.ts'
import type {
  FetchTokenInput,
  FetchViewInput,
  OpenStreamInput,
  PostEventInput,
  SyncEvent,
} from '../../machines/sync/sync-events.ts'
import type { GetToken } from './clerk-state.ts'
import { toSyncError } from './sync-response.ts'
import type { Transport } from './transport.ts'

export interface SyncActorsOptions {
  readonly transport: Transport
  /** Clerk's current `getToken`. */
  readonly getToken: GetToken
  /** Starts a timer of the machine's clock. */
  readonly setTimer: (run: () => void, delay: number) => unknown
  /** Called with every error before the machine gets it. */
  readonly onError: (error: SyncError) => void
}

/** Time that a post which is no longer wanted may take to finish, ms. The next post waits for it. */
const grace = 2_000

/** Creates the actors that the sync machine runs in a browser. */
export function createSyncActors({ transport, getToken, setTimer, onError }: SyncActorsOptions) {
  /** Reports a failure, unless it only results from an abort. */
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
          // A stream that is closed in the task that opened it, as in React's StrictMode, is never requested.
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
      // `throwIfAborted` is not used, because browsers from before 2022 lack it.
      if (signal.aborted) throw signal.reason
      const controller = new AbortController()
      // After an abort the post gets some time to finish, because its answer may bring a new cookie. If it were cut off
      // at once, the browser would be left with a retired one.
      signal.addEventListener('abort', () => setTimer(() => controller.abort(), grace))
      const post = transport.post(input, controller.signal)
      inAir = Promise.allSettled([post])
      return post.catch((error: unknown) => {
        throw report(error, signal)
      })
    }),
  }
}
