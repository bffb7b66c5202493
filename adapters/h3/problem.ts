import type { H3Event } from 'h3'
import { authErrors, isAuthError, type AuthError, type AuthErrorCode } from '../../machines/auth-error.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { setAnswerHeaders } from './answer-headers.ts'

/** The body of an error answer: a problem document (RFC 9457). */
export interface Problem {
  /** `urn:authchart:error:` and the code. */
  readonly type: string
  /** A few words for a person, the same for every error with this code. */
  readonly title: string
  /** HTTP status of the answer. */
  readonly status: number
  /** The code by which a program tells errors apart. */
  readonly code: AuthErrorCode
  /** A sentence about this error, for a person. */
  readonly detail: string
  /** True if the same browser may succeed by asking again. */
  readonly retryable: boolean
  /** The view of the session, if there is one. */
  readonly view?: AuthView
}

/** The wait in ms if the error tells none. */
const defaultRetryAfter = 1_000

/**
 * Answers with JSON. Status and headers go into `event.res`, since h3 would read a `Response` back through a stream and
 * copy its headers.
 *
 * @returns the body
 */
export const answerJson = ({ res }: H3Event, json: string): string => answer(res, 200, 'application/json', json)

/** Answers with an error, and with `Retry-After` if a retry can soon succeed (whole seconds, RFC 9110 §10.2.3). */
export function answerProblem({ res }: Pick<H3Event, 'res'>, error: AuthError, view?: AuthView): string {
  const { status, title } = authErrors[error.code]
  const { code, message, retryable } = error
  const problem: Problem = {
    type: `urn:authchart:error:${code}`,
    title,
    status,
    code,
    // The detail of an internal fault belongs only in the log.
    detail: code === 'internal' ? title : message,
    retryable,
    ...(view && { view }),
    ...(code === 'reverification-needed' && toClerkError(error)),
  }
  if (status === 429 || status === 503) {
    res.headers.set('retry-after', String(Math.ceil((error.retryAfter ?? defaultRetryAfter) / 1_000)))
  }
  return answer(res, status, 'application/problem+json', JSON.stringify(problem))
}

/**
 * Makes a `Response` with the same problem document, for a handler of any framework. @throws the error itself if it is
 * of another kind
 */
export function toProblemResponse(error: unknown): Response {
  if (!isAuthError(error) || error.code === 'internal') throw error
  const res = { headers: new Headers(), errHeaders: new Headers(), status: 0 }
  const body = answerProblem({ res }, error)
  return new Response(body, res)
}

/** Adds the field by which Clerk's `useReverification` has the user verified and then tries again. */
const toClerkError = ({ freshness: afterMinutes }: AuthError) => ({
  clerk_error: {
    type: 'forbidden',
    reason: 'reverification-error',
    metadata: { reverification: { level: 'second_factor', afterMinutes } },
  },
})

function answer(res: H3Event['res'], status: number, type: string, body: string): string {
  res.status = status
  res.headers.set('content-type', `${type}; charset=utf-8`)
  setAnswerHeaders(res.headers)
  return body
}
