import { fromCallback, fromPromise } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import type { FetchTokenInput, OpenStreamInput, PostEventInput, SyncEvent } from '../../machines/sync-events.ts'
import { BearerToken } from '../../machines/bearer-token.ts'
import { SyncError, toSyncFailure } from '../../machines/sync-error.ts'
import type { GetToken } from './clerk-state.ts'
import type { Transport } from './transport.ts'
import { toSyncError } from './sync-response.ts'

export interface SyncActorsOptions {
  readonly transport: Transport
  /** Clerk's `getToken` of this moment. */
  readonly getToken: GetToken
  /** Told of every failure, with its cause. */
  readonly onError: (error: SyncError) => void
}

/** The actors that the sync machine runs in a browser. */
export function createSyncActors({ transport, getToken, onError }: SyncActorsOptions) {
  /** Reports a failure, unless it only echoes that nobody waits any more. */
  const report = (error: unknown, signal: AbortSignal): SyncError => {
    const failure = toSyncError(error)
    if (!signal.aborted) onError(failure)
    return failure
  }

  return {
    openStream: fromCallback<SyncEvent, OpenStreamInput>(({ input, sendBack }) => {
      const controller = new AbortController()
      const { signal } = controller
      const send = (event: SyncEvent) => {
        if (!signal.aborted) sendBack(event)
      }
      const read = async () => {
        // A stream that is closed in the task that opened it, as React's StrictMode does, is never asked for.
        await Promise.resolve()
        if (signal.aborted) return
        try {
          await transport.readStream(input.tab, send, signal)
        } catch (error) {
          send({ type: 'stream.failed', failure: toSyncFailure(report(error, signal)) })
        }
      }
      void read()
      return () => controller.abort()
    }),

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
      try {
        return await transport.post(input, signal)
      } catch (error) {
        throw report(error, signal)
      }
    }),
  }
}
