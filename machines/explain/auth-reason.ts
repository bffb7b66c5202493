import { authErrors, isAuthErrorCode, type AuthErrorCode } from '../auth-error.ts'
import { isSameIdentity, type AuthView } from '../auth-view.ts'

/** The reasons for a change in which nothing failed, each with a sentence. */
const plainReasons = {
  'check-started': 'A token was received and is being checked.',
  'token-accepted': 'The token was accepted.',
  'token-renewed': 'A fresh token replaced the previous one.',
  'session-switched': 'A token of another user or Clerk session was accepted.',
  'token-stale': 'The token reached its exp. The session waits for a fresh one within the clock tolerance.',
  'session-adopted': 'The session was taken over from the session store or from another node.',
  'session-cleared': 'The browser reported that no user is signed in.',
  'wait-timed-out': 'The browser sent neither a token nor a sign-out within the auth-wait timeout.',
  'error-cleared': 'The earlier error no longer applies.',
} as const

/** The reason why the state of a session changed: a plain event, or the code of an error. */
export type AuthReason = keyof typeof plainReasons | AuthErrorCode

/** A state, or a finer part of one. */
export type AuthStateLabel =
  | 'unchecked.waiting'
  | 'unchecked.timedOut'
  | 'verifying'
  | 'signedIn.current'
  | 'signedIn.stale'
  | 'signedOut'
  | 'error'

/** Every reason and every label, in an order that stays the same within a process. */
export const authReasons = [...Object.keys(plainReasons), ...Object.keys(authErrors)] as AuthReason[]
export const stateLabels: readonly AuthStateLabel[] = [
  'unchecked.waiting',
  'unchecked.timedOut',
  'verifying',
  'signedIn.current',
  'signedIn.stale',
  'signedOut',
  'error',
]

/**
 * Returns the label of a view's state. A renewal has no label of its own, because the session stays signed in while the
 * token is checked.
 */
export function toStateLabel({ state, timedOut, expiresAt, now }: AuthView): AuthStateLabel {
  if (state === 'signedIn') return expiresAt !== null && now >= expiresAt ? 'signedIn.stale' : 'signedIn.current'
  if (state === 'unchecked') return timedOut ? 'unchecked.timedOut' : 'unchecked.waiting'
  return state
}

/** Returns a reason as a sentence. */
export function toReasonText(reason: AuthReason): string {
  return isAuthErrorCode(reason) ? `${authErrors[reason].title}.` : plainReasons[reason]
}

/**
 * Returns the reason why `view` came after `previous`, or null if a reader of the history would see no difference. The
 * views do not show whether another node decided; `isAdopted` says it.
 */
export function toReason(previous: AuthView, view: AuthView, isAdopted: boolean): AuthReason | null {
  const isNewState = view.state !== previous.state || view.isSignedIn !== previous.isSignedIn
  const failure = view.error && view.error.code !== previous.error?.code ? view.error.code : null
  if (isAdopted && (isNewState || view.claims !== previous.claims)) return 'session-adopted'
  if (view.isSignedIn) return toSignedInReason(previous, view, failure)
  if (isNewState) return toNewStateReason(previous, view)
  if (failure) return failure
  if (view.timedOut && !previous.timedOut) return 'wait-timed-out'
  return previous.error && !view.error ? 'session-cleared' : null
}

function toSignedInReason(previous: AuthView, view: AuthView, failure: AuthErrorCode | null): AuthReason | null {
  if (!previous.isSignedIn) return 'token-accepted'
  if (!isSameIdentity(previous, view)) return 'session-switched'
  if (view.claims !== previous.claims) return 'token-renewed'
  if (failure) return failure
  if (toStateLabel(view) !== toStateLabel(previous)) return 'token-stale'
  return previous.error && !view.error ? 'error-cleared' : null
}

function toNewStateReason(previous: AuthView, { state, error }: AuthView): AuthReason {
  if (state === 'verifying') return previous.isSignedIn ? 'token-expired' : 'check-started'
  return error?.code ?? 'session-cleared'
}
