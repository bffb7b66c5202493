import type { AuthView } from '../../machines/auth-view.ts'
import { SyncError } from '../../machines/sync/sync-error.ts'
import type {
  ByeReason,
  FetchViewInput,
  OpenStreamInput,
  PostEventInput,
  SyncEvent,
} from '../../machines/sync/sync-events.ts'
import { toRandomLabel } from './random-label.ts'
import { createSseParser, type SseMessage } from './sse-parser.ts'
import { dropBody, malformed, parseJson, parsePing, parseView, toResponseError } from './sync-response.ts'

export interface TransportOptions {
  /** Address of the endpoints: a path on this origin, or an absolute URL, without a slash at its end. */
  readonly endpoint: string
  readonly credentials: RequestCredentials
  readonly fetch: typeof globalThis.fetch
  /** Epoch ms. */
  readonly now: () => number
}

/** The client's side of the wire protocol. All functions reject with the error of `fetch`, or with a `SyncError`. */
export interface Transport {
  /** Reads one stream and sends its frames. It only ends by the signal or rejects, because no stream ends normally. */
  readStream(input: OpenStreamInput, send: (event: SyncEvent) => void, signal: AbortSignal): Promise<never>
  /** Gets the current view. */
  fetchView(input: FetchViewInput, signal: AbortSignal): Promise<AuthView>
  /** Posts one event and resolves with the view after the verdict. */
  post(event: PostEventInput, signal: AbortSignal): Promise<AuthView>
}

/**
 * Creates the transport. It reads the stream with `fetch` and not with `EventSource`, which hides the status and
 * `Retry-After` of a refusal, ends for good after one, and reconnects on its own schedule.
 */
export function createTransport({ endpoint, credentials, fetch, now }: TransportOptions): Transport {
  // To a page, a server that is down looks the same as one that does not list the page's origin.
  const unreached = /^https?:/.test(endpoint)
    ? "The server could not be reached, or this page's origin is not in its allowedOrigins"
    : 'The server could not be reached'
  /** True once the server has sent a label back. From then on an answer without one is not the server's. */
  let isLabelling = false

  /** Sends a request with a unique label, and compares it with the label of the answer. */
  const ask = async (path: string, query: Readonly<Record<string, string | undefined>>, init: RequestInit) => {
    const connection = toRandomLabel()
    // Before the first view there is no channel to name.
    const search = Object.entries({ ...query, connection }).flatMap(([name, value]) =>
      value ? `${name}=${encodeURIComponent(value)}` : [],
    )
    const request = fetch(`${endpoint}/${path}?${search.join('&')}`, { credentials, cache: 'no-store', ...init })
    const response = await request.catch((cause: unknown) => {
      throw new SyncError('network-failed', unreached, { cause })
    })
    const label = response.headers.get('authchart-connection')
    const isProven = label === connection
    isLabelling ||= isProven
    if (!response.ok) throw await toResponseError(response, Boolean(query.channel))
    return { response, isProven, isForeign: !isProven && (label !== null || isLabelling) }
  }
  /**
   * Sends a request that a cache or a service worker could answer with an earlier view and clock. A server of an older
   * version sends no label, and some proxies drop it. The view is then accepted, but its clock only if it is ahead of
   * ours, because a kept one lags behind.
   */
  const askUncached = async (
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    type: string,
    signal: AbortSignal,
  ) => {
    const { response, isProven, isForeign } = await ask(path, query, { headers: { accept: type }, signal })
    const isOfType = response.headers.get('content-type')?.startsWith(type)
    if (isOfType && !isForeign) {
      const toNow = (time: number) => (isProven ? time : Math.max(time, now()))
      const toView = (json: string) => {
        const view = parseView(json)
        return { ...view, now: toNow(view.now) }
      }
      return { response, toNow, toView }
    }
    dropBody(response)
    const wanted = path === 'events' ? 'an event stream' : 'a view'
    if (!isOfType) throw malformed(`something other than ${wanted}: is authchart mounted at ${endpoint}?`)
    throw new SyncError(
      'answer-cached',
      `A cache or a service worker answered for the server: exclude ${endpoint}/* from it. Or a proxy drops the header Authchart-Connection`,
    )
  }

  return {
    async readStream({ tab, channel }, send, signal) {
      const { response, toNow, toView } = await askUncached('events', { tab, channel }, 'text/event-stream', signal)

      const take = ({ event, data }: SseMessage) => {
        if (event === 'view') return send({ type: 'view.received', view: toView(data) })
        if (event === 'ping') return send({ type: 'ping.received', now: toNow(parsePing(data)) })
        if (event === 'bye') send({ type: 'stream.ended', reason: parseJson(data).reason as ByeReason })
      }
      const parse = createSseParser({ onMessage: take, onRetry: (delay) => send({ type: 'retry.hinted', delay }) })
      if (!response.body) throw malformed('a stream that this fetch does not read: give the client `stream: false`')
      const reader = response.body.getReader()
      // Some webviews lack `TextDecoderStream`.
      const decoder = new TextDecoder()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) throw new SyncError('network-failed', 'The stream broke off')
        parse(decoder.decode(value, { stream: true }))
      }
    },

    async fetchView({ channel }, signal) {
      const { response, toView } = await askUncached('session', { channel }, 'application/json', signal)
      return toView(await response.text())
    },

    async post({ channel, ...event }, signal) {
      const body = JSON.stringify('token' in event ? { ...event, token: event.token.reveal() } : event)
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body,
        signal,
        // Clerk's sign-out navigates away, and the clear has to outlive the page.
        keepalive: event.type === 'session.cleared',
      }
      const { response } = await ask('events', { channel }, init)
      return parseView(await response.text())
    },
  }
}
