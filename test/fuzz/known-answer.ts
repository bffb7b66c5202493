import { deepEqual, match } from 'node:assert/strict'
import type { Problem } from '../../adapters/h3/index.ts'
import { type AuthView, authErrors, isAuthErrorCode } from '../../machines/index.ts'

const viewFields = [
  'actor',
  'authChecked',
  'channel',
  'claims',
  'error',
  'expiresAt',
  'isSignedIn',
  'now',
  'orgId',
  'orgRole',
  'rev',
  'sessionId',
  'state',
  'timedOut',
  'user',
  'userId',
]
const problemFields = ['code', 'detail', 'retryable', 'status', 'title', 'type']

// These checks and the cases use Node's own assertions, because `expect` would take more time than the tested code.
function requireView(view: AuthView) {
  deepEqual(Object.keys(view).toSorted(), viewFields)
  if (view.error) deepEqual(Object.keys(view.error).toSorted(), ['code', 'message', 'retryable'])
  const shown = new Set(['sub', 'sid', 'o', 'fea', 'pla', 'act', 'fva', 'sts', 'exp', 'iat'])
  deepEqual(
    Object.keys(view.claims ?? {}).filter((name) => !shown.has(name)),
    [],
  )
}

/**
 * Checks an answer.
 *
 * @returns a short description of the answer
 * @throws Error unless the answer is a view, or a problem with a code of the table and its status
 */
export function requireKnown(status: number, mediaType: string | null | undefined, text: string): string {
  const body: unknown = JSON.parse(text)
  if (status === 200 && mediaType?.startsWith('application/json')) {
    requireView(body as AuthView)
    return `200 ${(body as AuthView).state}`
  }
  match(mediaType ?? '', /^application\/problem\+json/)
  const { view, ...problem } = body as Problem
  deepEqual(Object.keys(problem).toSorted(), problemFields)
  if (view) requireView(view)
  if (!isAuthErrorCode(problem.code) || problem.code === 'internal')
    throw new Error(`an answer of code ${problem.code}`)
  const expected = authErrors[problem.code].status
  deepEqual([status, problem.status], [expected, expected])
  return `${status} ${problem.code}`
}
