import type { AuthErrorCode } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { isSyncError, SyncError } from '../../machines/sync/sync-error.ts'

/** True if a value has the shape of a view, so that a wrong answer of a proxy does not pass for one. */
function isAuthView(value: unknown): value is AuthView {
  const { channel, rev, state, now } = Object(value) as Partial<AuthView>
  return typeof channel === 'string' && typeof rev === 'number' && typeof state === 'string' && typeof now === 'number'
}

/** @throws SyncError `answer-malformed` */
export function parseView(json: string): AuthView {
  const view = parseJson(json)
  if (!isAuthView(view)) throw malformed('something other than a view')
  return view
}

/**
 * Returns the server's clock from a ping. A ping without it is refused, because the clock would be undefined.
 *
 * @throws SyncError `answer-malformed`
 */
export function parsePing(json: string): number {
  const { now } = parseJson(json)
  if (typeof now !== 'number') throw malformed('something other than a ping')
  return now
}

/**
 * Returns the object in a JSON text. Other JSON values give an object without fields.
 *
 * @throws SyncError `answer-malformed`
 */
export function parseJson(json: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(json))
  } catch (cause) {
    throw malformed('something other than JSON', cause)
  }
}

export function malformed(what: string, cause?: unknown): SyncError {
  return new SyncError('answer-malformed', `The server answered with ${what}`, { cause })
}

/**
 * Returns the error for a response other than 2xx: that of a problem document (RFC 9457), or one for a proxy's answer.
 *
 * @param isKnown True if the server was heard before. The answer of a proxy is then a passing fault of the network;
 * otherwise the endpoints may be at another address.
 */
export async function toResponseError(response: Response, isKnown: boolean): Promise<SyncError> {
  const { status, headers } = response
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json')
  if (!isProblem) dropBody(response)
  const problem: Problem = isProblem ? parseJson(await response.text()) : {}
  const { code, detail, retryable, view } = isOurs(problem) ? problem : {}
  return new SyncError(code ?? 'answer-malformed', detail ?? `The server answered ${status}`, {
    retryable: retryable ?? (isKnown || status >= 500 || [408, 425, 429].includes(status)),
    // The header follows RFC 9110 section 10.2.3. A date, which the server never sends, is ignored, because our clock
    // may differ.
    retryAfter: Number(headers.get('retry-after')) * 1000 || null,
    view: isAuthView(view) ? view : undefined,
  })
}

/** False for the problem document of a gateway, whose fields have another meaning. */
const isOurs = ({ code, type = urn }: Problem) => typeof code === 'string' && String(type).startsWith(urn)

/** Releases a body that is not read. It would hold one of the few connections that a browser gives a host. */
export function dropBody({ body }: Response): void {
  body?.cancel().catch(() => {})
}

const urn = 'urn:authchart:'

interface Problem {
  readonly type?: unknown
  readonly code?: AuthErrorCode
  readonly detail?: string
  readonly retryable?: boolean
  readonly view?: unknown
}

/** Returns any failure as a {@link SyncError}. An error of `fetch` itself means that the server was not reached. */
export function toSyncError(error: unknown): SyncError {
  return isSyncError(error)
    ? error
    : new SyncError('network-failed', 'The server could not be reached', { cause: error })
}
