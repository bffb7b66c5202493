import type { AuthErrorCode } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { isSyncError, SyncError } from '../../machines/sync-error.ts'

/** True for what has the shape of a view: a wrong answer of a proxy must not pass for one. */
export function isAuthView(value: unknown): value is AuthView {
  if (typeof value !== 'object' || value === null) return false
  const { channel, rev, state, now } = value as Partial<AuthView>
  return typeof channel === 'string' && typeof rev === 'number' && typeof state === 'string' && typeof now === 'number'
}

/** @throws SyncError `answer-malformed` */
export function parseView(json: string): AuthView {
  const view = parseJson(json)
  if (!isAuthView(view)) throw malformed('something else than a view')
  return view
}

/** The object in a JSON text. @throws SyncError `answer-malformed` */
export function parseJson(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (cause) {
    throw malformed('something else than JSON', cause)
  }
}

export function malformed(what: string, cause?: unknown): SyncError {
  return new SyncError('answer-malformed', `The server answered with ${what}`, { cause })
}

/** The error that a response other than 2xx stands for: a problem document (RFC 9457), or whatever a proxy says. */
export async function toResponseError(response: Response): Promise<SyncError> {
  const { status } = response
  const problem = await readProblem(response)
  return new SyncError(problem?.code ?? 'answer-malformed', problem?.detail ?? `The server answered ${status}`, {
    retryable: problem?.retryable ?? (status >= 500 || status === 429 || status === 408 || status === 425),
    // RFC 9110 section 10.2.3. A date, which the server never sends, reads as none: our clock may differ.
    retryAfter: Number(response.headers.get('retry-after')) * 1000 || null,
    view: isAuthView(problem?.view) ? problem.view : undefined,
  })
}

interface Problem {
  readonly code?: AuthErrorCode
  readonly detail?: string
  readonly retryable?: boolean
  readonly view?: unknown
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  const isJson = /^application\/(problem\+)?json\b/i.test(response.headers.get('content-type') ?? '')
  return isJson ? parseJson(await response.text()) : undefined
}

/** Any failure as a {@link SyncError}: one of `fetch` itself means that the server was not reached. */
export function toSyncError(error: unknown): SyncError {
  return isSyncError(error)
    ? error
    : new SyncError('network-failed', 'The server could not be reached', { cause: error })
}
