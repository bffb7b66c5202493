import type { AuthView } from '../../../machines/auth-view.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'

/** The sign-in of a server session with one Clerk session. Times are in epoch ms. */
export interface SignIn {
  /** The Clerk session. */
  readonly sessionId: string
  readonly at: number
  /** When the app last let a request in, or `at` if it has not yet. */
  usedAt: number
}

/** The state of a session that remembers its sign-in. */
interface SignInState {
  signIn: SignIn | null
}

/**
 * Notes the Clerk session that a session is signed in with. A Clerk session that comes back after its proof had expired
 * continues its sign-in, because the user has not signed in again at Clerk.
 */
export function trackSignIn(state: SignInState, { sessionId, now }: AuthView) {
  if (sessionId === null || state.signIn?.sessionId === sessionId) return
  state.signIn = { sessionId, at: now, usedAt: now }
}

/** Has a session continue an earlier sign-in of its Clerk session. */
export function continueSignIn(state: SignInState, signIn: SignIn) {
  state.signIn = { ...signIn }
}

/** Takes over the sign-in of a stored record. */
export function adoptSignIn(state: SignInState, record: SessionRecord, now: number) {
  const stored = toSignIn(record, now)
  if (!stored) return
  const own = state.signIn?.sessionId === stored.sessionId ? state.signIn : null
  state.signIn = own ? mergeSignIns(own, stored) : stored
}

/**
 * A moment in the future is from a node whose clock is ahead. It counts as now, so that it prolongs no lifetime.
 * @returns the sign-in of a record, or null if it has none
 */
export function toSignIn(record: SessionRecord, now: number): SignIn | null {
  const { sessionId, issuedAt, signedInAt, lastUsedAt } = record
  if (sessionId === null || issuedAt === null) return null
  // A record of a version that did not note it: the user signed in before the token was issued, at an unknown time.
  const at = Math.min(now, toMoment(signedInAt) ?? issuedAt)
  return { sessionId, at, usedAt: Math.max(at, Math.min(now, toMoment(lastUsedAt) ?? at)) }
}

/** @returns the sign-in of two sessions or records of one Clerk session: from the earlier start to the later use */
export function mergeSignIns(a: SignIn, b: SignIn): SignIn {
  return { sessionId: a.sessionId, at: Math.min(a.at, b.at), usedAt: Math.max(a.usedAt, b.usedAt) }
}

const toMoment = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
