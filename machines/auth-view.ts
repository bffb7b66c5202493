import type { StateValue } from 'xstate'
import { proofDeadline } from './auth-context.ts'
import type { AuthContext } from './auth-context.ts'
import { AuthError, toCodeView } from './auth-error.ts'
import type { AuthErrorView } from './auth-error.ts'
import type { AuthSnapshot } from './auth.machine.ts'
import { toImpersonator, toOrgRole } from './verified-session.ts'
import type { AuthClaims, AuthUser, Impersonator } from './verified-session.ts'

/** The five states of the auth machine. */
export type AuthStateName = 'unchecked' | 'verifying' | 'signedIn' | 'signedOut' | 'error'

/** What the server knows about one browser session, at the moment `now`. Times in epoch milliseconds. */
export interface AuthView {
  /**
   * Public random label of the server session, stable over cookie rotation: the name of the server that made it, a dot, and
   * a name of its own. Empty for a machine outside a server.
   */
  readonly channel: string
  /** Rises with every change; compare it within one channel only. */
  readonly rev: number
  readonly state: AuthStateName
  /** A verdict stands, good or bad. Not sticky: a later check that could not decide takes it back. */
  readonly authChecked: boolean
  /** The first verdict did not come within `authWaitTimeout`. */
  readonly timedOut: boolean
  /** A currently valid token proves who this is: computed anew at every read. */
  readonly isSignedIn: boolean
  readonly userId: string | null
  readonly sessionId: string | null
  readonly orgId: string | null
  readonly orgRole: string | null
  /** Who acts as this user, where the Clerk session is an impersonation; else null. */
  readonly actor: Impersonator | null
  /** The verified claims: in full on the server, those of `publicClaims` on the wire. */
  readonly claims: AuthClaims | Readonly<Record<string, unknown>> | null
  readonly user: AuthUser | null
  /** The last thing that went wrong, until the next success. */
  readonly error: AuthErrorView | null
  /** `exp` of the token that proves it, without the clock tolerance. */
  readonly expiresAt: number | null
  /** The server's clock. */
  readonly now: number
}

/** A view of somebody: what a handler behind `requireAuth` is given. */
export interface SignedInView extends AuthView {
  readonly state: 'signedIn'
  readonly isSignedIn: true
  readonly userId: string
  readonly sessionId: string
  /** On the server all of them. In the browser those of `publicClaims`, so that only these may be read there. */
  readonly claims: AuthClaims
  readonly expiresAt: number
}

/** True for a view of somebody. */
export function isSignedIn(view: AuthView): view is SignedInView {
  return view.isSignedIn
}

/** What is known of a browser of which nothing is known. */
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

/** True where two views prove the same user and Clerk session, or both nobody. */
export function isSameIdentity(a: AuthView, b: AuthView): boolean {
  return a.isSignedIn === b.isSignedIn && a.userId === b.userId && a.sessionId === b.sessionId
}

/** True where two views have the same active organization, and the same role in it. */
export function isSameOrganization(a: AuthView, b: AuthView): boolean {
  return a.orgId === b.orgId && a.orgRole === b.orgRole
}

export interface AuthViewOptions {
  /** The moment the view is for, epoch ms; default: the machine's own clock. */
  readonly now?: number
  readonly channel?: string
  readonly rev?: number
  /** Names of the claims to show; default all of them. */
  readonly publicClaims?: readonly string[]
}

/**
 * Projects a snapshot of the auth machine to the view of one moment. Whatever the timers did, it says `isSignedIn` only
 * while `now < exp + clockTolerance`, and whatever the machine has heard, never of what has a tombstone.
 *
 * @throws AuthError `internal` for a snapshot that went through JSON, or of an actor that was restored from one: its clock
 * and tombstones are lost.
 */
export function toAuthView(snapshot: AuthSnapshot, options: AuthViewOptions = {}): AuthView {
  if (typeof snapshot.hasTag !== 'function' || typeof snapshot.context.settings.now !== 'function') {
    throw new AuthError(
      'internal',
      'The snapshot was stored and restored, which loses the clock and the timers of the auth machine: start a fresh actor and send it session.adopted with toAdoptedSession(snapshot)',
    )
  }
  return projectView(snapshot, snapshot.context, options)
}

/** Where the machine stands, apart from its context. */
export interface AuthPosition {
  readonly value: StateValue
  hasTag(tag: 'checked' | 'signedIn'): boolean
}

/** The same of a snapshot whose context is kept apart from the rest. */
export function projectView(snapshot: AuthPosition, context: AuthContext, options: AuthViewOptions): AuthView {
  const { now = context.settings.now(), channel = '', rev = 0, publicClaims } = options
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
      claims: publicClaims ? pickClaims(context.claims, publicClaims) : context.claims,
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
    error: end ? end.error : context.error,
  }
}

/** What a read knows of the end of a proof before the machine has heard of it; null while it stands. */
function toEnd(context: AuthContext, now: number): Pick<AuthView, 'state' | 'error'> | null {
  const { userId, sessionId, issuedAt, queue, error, settings } = context
  const isNamed = userId !== null && sessionId !== null && issuedAt !== null
  const code = isNamed ? settings.tombstone({ userId, sessionId, issuedAt }) : null
  // A token from before a sign-out: that is what ended the session, and nothing went wrong.
  if (code) return { state: 'signedOut', error: code === 'token-superseded' ? null : toCodeView(code) }
  if (now < proofDeadline(context)) return null
  // The timer is late: its verdict is anticipated, unless a renewal that waits may yet bring another.
  return queue.length === 0 ? { state: 'signedOut', error: toCodeView('token-expired') } : { state: 'verifying', error }
}

function toStateName(value: StateValue): AuthStateName {
  return typeof value === 'string' ? (value as AuthStateName) : 'unchecked'
}

/** The claims of these names. */
export function pickClaims(claims: AuthView['claims'], names: readonly string[]): Readonly<Record<string, unknown>> {
  const picked: Record<string, unknown> = {}
  for (const name of names) if (claims && Object.hasOwn(claims, name)) picked[name] = claims[name]
  return picked
}
