import { isDeepStrictEqual } from 'node:util'
import type { AuthView } from '../../../machines/index.ts'

/**
 * The part of a view that two systems must show alike. It leaves out the label and revision of a session, the wording
 * of an error, and the claims that a server does not publish. Times count from the beginning of the path.
 */
export function toComparableView(view: AuthView, epoch: number): Readonly<Record<string, unknown>> {
  const { state, authChecked, timedOut, isSignedIn, userId, sessionId, orgId, orgRole, actor, claims, user, error } =
    view
  return {
    state,
    authChecked,
    timedOut,
    isSignedIn,
    userId,
    sessionId,
    orgId,
    orgRole,
    actor: actor?.sub ?? null,
    sub: claims?.['sub'] ?? null,
    sid: claims?.['sid'] ?? null,
    user: user?.id ?? null,
    error: error && [error.code, error.retryable],
    expiresIn: view.expiresAt === null ? null : Math.round(view.expiresAt - epoch),
  }
}

/** The fields in which two records differ, with both values; null if they are equal. */
export function findDifference(expected: object, actual: object): { expected: object; actual: object } | null {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
  const get = (from: object, name: string): unknown => from[name as never]
  const differing = names.filter((name) => !isDeepStrictEqual(get(expected, name), get(actual, name)))
  if (differing.length === 0) return null
  const pick = (from: object) => Object.fromEntries(differing.map((name) => [name, get(from, name)]))
  return { expected: pick(expected), actual: pick(actual) }
}
