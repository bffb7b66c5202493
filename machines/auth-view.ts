import type { AuthErrorView } from './auth-error.ts'
import type { AuthClaims, AuthUser } from './verified-session.ts'

/** The five states of the auth machine. */
export type AuthStateName = 'unchecked' | 'verifying' | 'signedIn' | 'signedOut' | 'error'

/** What the server knows about one browser session, at the moment `now`. Times in epoch milliseconds. */
export interface AuthView {
  /** Public random label of the server session, stable over cookie rotation. Empty for a machine outside a server. */
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
