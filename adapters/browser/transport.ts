import type { AuthView } from '../../machines/auth-view.ts'
import type { ByeReason, PostEventInput, SyncEvent } from '../../machines/sync-events.ts'
import { SyncError } from '../../machines/sync-error.ts'
import { createSseParser, type SseMessage } from './sse-parser.ts'
import { malformed, parseJson, parseView, toResponseError } from './sync-response.ts'

export interface TransportOptions {
  /** Where the endpoints are: a path on this origin, or an absolute URL. Without a slash at its end. */
  readonly endpoint: string
  readonly credentials: RequestCredentials
  readonly fetch: typeof globalThis.fetch
  /** Epoch ms. */
  readonly now: () => number
}

/** The client's side of the wire protocol. Both functions reject with what `fetch` rejects with, or a `SyncError`. */
export interface Transport {
  /** Reads one stream and sends its frames. Ends by the signal only, or rejects: no stream ends well by itself. */
  readStream(tab: string, send: (event: SyncEvent) => void, signal: AbortSignal): Promise<never>
  /** Posts one event and resolves with the view after the verdict. */
  post(event: PostEventInput, signal: AbortSignal): Promise<AuthView>
}

/**
 * The stream is read with `fetch`, not `EventSource`: that one hides the status and `Retry-After` of a refusal, for
 * which it ends for good, and reconnects on a schedule of its own.
 */
export function createTransport({ endpoint, credentials, fetch, now }: TransportOptions): Transport {
  const ask = async (query: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${endpoint}/events${query}`, { credentials, cache: 'no-store', ...init })
    if (!response.ok) throw await toResponseError(response)
    return response
  }

  return {
    async readStream(tab, send, signal) {
      const headers = { accept: 'text/event-stream' }
      const response = await ask(`?tab=${encodeURIComponent(tab)}`, { headers, signal })
      if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
        throw malformed('something else than an event stream')
      }

      const take = ({ event, data }: SseMessage) => {
        if (event === 'view') return send({ type: 'view.received', view: parseView(data) })
        if (event === 'ping') return send({ type: 'ping.received', now: Number(parseJson(data).now) || now() })
        if (event === 'bye') send({ type: 'stream.ended', reason: parseJson(data).reason as ByeReason })
      }
      const parse = createSseParser({ onMessage: take, onRetry: (delay) => send({ type: 'retry.hinted', delay }) })
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) throw new SyncError('network-failed', 'The stream broke off')
        parse(value)
      }
    },

    async post(event, signal) {
      const body = JSON.stringify('token' in event ? { ...event, token: event.token.reveal() } : event)
      const response = await ask('', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body,
        signal,
        // Clerk's sign-out navigates away: the clear has to outlive the page.
        keepalive: event.type === 'session.cleared',
      })
      return parseView(await response.text())
    },
  }
}
