/** The moment of an answer, by the clock of the endpoint. */
export interface AnswerTime {
  /** Epoch ms, in whole seconds. */
  readonly date: number
  /** Milliseconds from the request to the answer, in which the endpoint gave it. */
  readonly took: number
}

/** One attempt to fetch a key set. */
export interface FetchJwksRequest {
  /** Fires when the caller gives the attempt up. */
  readonly signal: AbortSignal
  /** Receives the time of a good answer if the endpoint tells it. It is called before the keys are available. */
  readonly onAnswer?: (time: AnswerTime) => void
}

/** Fetches a key set without validating it. It rejects unless it gets one JSON answer. */
export type FetchJwks = (request: FetchJwksRequest) => Promise<unknown>

/** The largest body, in bytes. A hundred keys of 8192 bits fit into it. */
const maxBytes = 262_144

export interface JwksFetcherOptions {
  readonly url: URL
  /** Default: the global `fetch`, read at each call so that instrumentation installed later takes effect. */
  readonly fetch?: typeof globalThis.fetch
  readonly headers?: Readonly<Record<string, string>>
  /** The name of the endpoint in errors; default `the key endpoint`. */
  readonly name?: string
  /** Receives each status that is not a success. */
  readonly onFailure?: (status: number) => void
}

const accept = 'application/jwk-set+json, application/json'

/**
 * Creates a function that gets a JWKS over HTTP. It refuses redirects, because a key endpoint that moves is a change of
 * trust. It limits the size of the body while it streams in, whatever `Content-Length` says.
 */
export function createJwksFetcher(options: JwksFetcherOptions): FetchJwks {
  const { url, headers, name = 'the key endpoint', onFailure } = options
  const ask = options.fetch ?? ((...request) => globalThis.fetch(...request))

  async function request(signal: AbortSignal): Promise<Response> {
    try {
      return await ask(url, { headers: { accept, ...headers }, redirect: 'manual', signal })
    } catch (cause) {
      if (signal.aborted) throw cause
      throw new Error(`${name} could not be reached${toReason(cause)}`, { cause })
    }
  }

  return async ({ signal, onAnswer }) => {
    const askedAt = performance.now()
    const response = await request(signal)
    const took = performance.now() - askedAt
    if (!response.ok) {
      await response.body?.cancel()
      onFailure?.(response.status)
      // A browser hides the status of a redirect that it did not follow.
      const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
      throw new Error(`${name} answered ${isRedirect ? 'with a redirect, which is not followed' : response.status}`)
    }
    const date = toDate(response.headers)
    if (date !== null) onAnswer?.({ date, took })
    const text = await readText(response, name)
    try {
      return JSON.parse(text)
    } catch {
      // The engine's own message quotes the body.
      throw new Error(`${name} answered with something other than JSON`)
    }
  }
}

/**
 * @returns The moment when the answer was sent, epoch ms. `Age` is the time for which a cache kept it (RFC 9111
 * §4.2.3).
 */
function toDate(headers: Headers): number | null {
  const date = Date.parse(headers.get('date') ?? '')
  const age = Number(headers.get('age') ?? 0)
  return Number.isFinite(date) && age >= 0 ? date + age * 1_000 : null
}

/**
 * Returns the reason why a request failed. Node's `fetch` has it in the cause of its error, as a code if the socket or
 * TLS failed.
 */
function toReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return ''
  return ` (${'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message})`
}

async function readText(response: Response, name: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  // Leaving the loop early cancels the stream.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`${name} answered with more than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
