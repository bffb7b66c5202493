import { HTTPResponse } from 'h3'
import { authErrors } from '../../machines/auth-error.ts'
import type { AuthError, AuthErrorCode } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'

/** The body of an error answer: a problem document (RFC 9457). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: AuthErrorCode
  readonly detail: string
  readonly retryable: boolean
  /** What the session is after all, where there is one. */
  readonly view?: AuthView
}

export interface AnswerOptions {
  /** Default 200. */
  readonly status?: number
  /** Taken over, not copied. */
  readonly headers?: Headers
}

/** Ms to wait where nothing better is known. */
const defaultRetryAfter = 1_000

/** A JSON answer, never cached. h3 writes it out as it is, where a `Response` would be read back through a stream. */
export function toJsonAnswer(
  body: object,
  { status = 200, headers = new Headers() }: AnswerOptions = {},
): HTTPResponse {
  if (!headers.has('content-type')) headers.set('content-type', 'application/json; charset=utf-8')
  headers.set('cache-control', 'no-store')
  return new HTTPResponse(JSON.stringify(body), { status, headers })
}

export interface ProblemOptions {
  /** Taken over, not copied. */
  readonly headers?: Headers
  readonly view?: AuthView
}

/** An error as an answer, with `Retry-After` (whole seconds, RFC 9110 §10.2.3) where asking again makes sense soon. */
export function toProblemAnswer(
  error: AuthError,
  { headers = new Headers(), view }: ProblemOptions = {},
): HTTPResponse {
  const { status, title } = authErrors[error.code]
  const { code, message, retryable } = error
  const problem: Problem = {
    type: `urn:authchart:error:${code}`,
    title,
    status,
    code,
    detail: message,
    retryable,
    ...(view && { view }),
  }
  headers.set('content-type', 'application/problem+json; charset=utf-8')
  if (status === 429 || status === 503) {
    headers.set('retry-after', String(Math.ceil((error.retryAfter ?? defaultRetryAfter) / 1_000)))
  }
  return toJsonAnswer(problem, { status, headers })
}
