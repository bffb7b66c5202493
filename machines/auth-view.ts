import type { StateValue } from 'xstate'
import { proofDeadline, type AuthContext } from './auth-context.ts'
import { AuthError, toCodeView, type AuthErrorView } from './auth-error.ts'
import type { AuthSnapshot } from './auth.machine.ts'
import { toImpersonator, toOrgRole, type AuthClaims, type AuthUser, type Impersonator } from './verified-session.ts'

/** The five states of the auth machine. */
export type AuthStateName = 'unchecked' | 'verifying' | 'signedIn' | 'signedOut' | 'error'

/** The server's knowledge about one browser session at the moment `now`. Times are in epoch milliseconds. */
export interface AuthView {
  /**
   * Public random label of the server session, stable over cookie rotation. It consists of the name of the server that
   * created it, a dot, and a name of its own. It is empty for a machine outside a server.
   */
  readonly channel: string
  /** Rises with every change; compare it within one channel only. */
  readonly rev: number
  /** State of the machine. */
  readonly state: AuthStateName
  /** A verdict is reached, good or bad. A later check that cannot decide sets it back to false. */
  readonly authChecked: boolean
  /** The first verdict did not come within `authWaitTimeout`. */
  readonly timedOut: boolean
  /** A currently valid token proves who this is. It is computed again at every read. */
  readonly isSignedIn: boolean
  /** Clerk's id of the user; null if no user is signed in. */
  readonly userId: string | null
  /** Clerk's id of the session; null if no user is signed in. */
  readonly sessionId: string | null
  /** Clerk's id of the active organization; null if there is none. */
  readonly orgId: string | null
  /** Role in the active organization, such as `org:admin`; null if there is none. */
  readonly orgRole: string | null
  /** The person who acts as this user if the Clerk session is an impersonation; else null. */
  readonly actor: Impersonator | null
  /** The verified claims: all of them on the server, those of `publicClaims` on the wire. */
  readonly claims: AuthClaims | Readonly<Record<string, unknown>> | null
  /** The profile of the user if the server loads it (`loadUser`), as soon as it is loaded; else null. */
  readonly user: AuthUser | null
  /** The last thing that went wrong, until the next success. */
  readonly error: AuthErrorView | null
  /** `exp` of the proving token, without the clock tolerance. */
  readonly expiresAt: number | null
  /** The server's clock. */
  readonly now: number
}

/** A view with the full claims, as the server has it. */
export interface ServerView extends AuthView {
  readonly claims: AuthClaims | null
}

/** A view in which a user is signed in, as `requireAuth` passes it to a handler. */
export interface SignedInView extends AuthView {
  /** State of the machine, which is always this one here. */
  readonly state: 'signedIn'
  readonly isSignedIn: true
  /** Clerk's id of the user. */
  readonly userId: string
  /** Clerk's id of the session. */
  readonly sessionId: string
  /** All claims on the server. In the browser only those of `publicClaims`, so read no others there. */
  readonly claims: AuthClaims
  readonly expiresAt: number
}

/** True if the view is of a signed-in user. */
export function isSignedIn(view: AuthView): view is SignedInView {
  return view.isSignedIn
}

/** Returns the view of a browser about which nothing is known yet. */
export function toUncheckedView(now: number): AuthView {
  return {
    channel: '',
    rev: 0,
    state: 'unchecked',
    authChecked: false,
    timedOut: false,
    isSignedIn: false,
    userId: null,
    sessionId: null,
    orgId: null,
    orgRole: null,
    actor: null,
    claims: null,
    user: null,
    error: null,
    expiresAt: null,
    now,
  }
}

/** True if two views prove the same user and Clerk session, or if neither proves any. */
export function isSameIdentity(a: AuthView, b: AuthView): boolean {
  return a.isSignedIn === b.isSignedIn && a.userId === b.userId && a.sessionId === b.sessionId
}

/** True if two views have the same active organization and the same role in it. */
export function isSameOrganization(a: AuthView, b: AuthView): boolean {
  return a.orgId === b.orgId && a.orgRole === b.orgRole
}

/** Options of {@link toAuthView}. */
export interface AuthViewOptions {
  /** The moment of the view, epoch ms; default: the machine's own clock. */
  readonly now?: number
  /** Label of the server session; default empty, for a machine outside a server. */
  readonly channel?: string
  /** Version number of the view within its channel; default 0. */
  readonly rev?: number
  /** Names of the claims to show; default all. */
  readonly publicClaims?: readonly string[]
}

/**
 * Projects a snapshot of the auth machine to the view of one moment. Even if a timer is late, the view is `isSignedIn`
 * only while `now < exp + clockTolerance`. Even if the machine has not heard of a sign-out, a session that has a
 * tombstone is not signed in.
 *
 * @throws AuthError `internal` for a snapshot that went through JSON, or that is of an actor restored from one, because
 * its clock and its tombstones are lost.
 */
export function toAuthView(snapshot: AuthSnapshot, options: AuthViewOptions = {}): AuthView {
  if (typeof snapshot.hasTag !== 'function' || typeof snapshot.context.settings.now !== 'function') {
    throw new AuthError(
      'internal',
      'The snapshot was stored and restored, which loses the clock and the timers of the auth machine: start a fresh actor and send it session.adopted with toAdoptedSession(snapshot)',
    )
  }
  const { publicClaims } = options
  const view = projectView(snapshot, snapshot.context, options)
  return publicClaims && view.claims ? { ...view, claims: pickClaims(view.claims, publicClaims) } : view
}

/** The state of the machine without its context. */
export interface AuthPosition {
  readonly value: StateValue
  hasTag(tag: 'checked' | 'signedIn'): boolean
}

/** Does the same with the full claims for a snapshot whose context is kept apart from the rest. */
export function projectView(
  snapshot: AuthPosition,
  context: AuthContext,
  { now = context.settings.now(), channel = '', rev = 0 }: Omit<AuthViewOptions, 'publicClaims'>,
): ServerView {
  const isProven = snapshot.hasTag('signedIn')
  const end = isProven ? toEnd(context, now) : null
  if (isProven && end === null) {
    return {
      channel,
      rev,
      state: 'signedIn',
      authChecked: true,
      timedOut: context.timedOut,
      isSignedIn: true,
      userId: context.userId,
      sessionId: context.sessionId,
      orgId: context.orgId,
      orgRole: toOrgRole(context.claims),
      actor: toImpersonator(context.claims),
      claims: context.claims,
      user: context.user,
      error: context.error,
      expiresAt: context.expiresAt,
      now,
    }
  }
  return {
    ...toUncheckedView(now),
    channel,
    rev,
    state: end ? end.state : toStateName(snapshot.value),
    authChecked: end ? end.state === 'signedOut' : snapshot.hasTag('checked'),
    timedOut: context.timedOut,
    claims: null,
    error: end ? end.error : context.error,
  }
}

/**
 * Tells how a proof has ended that the machine still holds.
 *
 * @returns The state and the error to show, or null while the proof holds.
 */
function toEnd(context: AuthContext, now: number): Pick<AuthView, 'state' | 'error'> | null {
  const { userId, sessionId, issuedAt, queue, error, settings } = context
  const isNamed = userId !== null && sessionId !== null && issuedAt !== null
  const code = isNamed ? settings.tombstone({ userId, sessionId, issuedAt }) : null
  // The token is from before a sign-out. The sign-out ended the session, so nothing went wrong.
  if (code) return { state: 'signedOut', error: code === 'token-superseded' ? null : toCodeView(code) }
  if (now < proofDeadline(context)) return null
  // The timer is late, so the read gives its verdict now, unless a renewal that waits may still bring another one.
  return queue.length === 0 ? { state: 'signedOut', error: toCodeView('token-expired') } : { state: 'verifying', error }
}

function toStateName(value: StateValue): AuthStateName {
  return typeof value === 'string' ? (value as AuthStateName) : 'unchecked'
}

/** Returns only the claims with these names. */
export function pickClaims(claims: AuthView['claims'], names: readonly string[]): Readonly<Record<string, unknown>> {
  const picked: Record<string, unknown> = {}
  for (const name of names) if (claims && Object.hasOwn(claims, name)) picked[name] = claims[name]
  return picked
}
