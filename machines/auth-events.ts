import type { AuthErrorView } from './auth-error.ts'
import type { BearerToken } from './bearer-token.ts'
import type { SessionRecord } from './session-record.ts'
import type { AuthUser } from './verified-session.ts'

/** The part of a {@link SessionRecord} that a machine takes over. */
export type AdoptedSession = Pick<
  SessionRecord,
  'status' | 'claims' | 'user' | 'userId' | 'sessionId' | 'orgId' | 'issuedAt' | 'expiresAt'
>

/** What may be sent to the auth machine. Build events from parsed fields: never pass a request body on. */
export type AuthEvent =
  /** A token to check. `id` names it in `token.settled`. */
  | { type: 'token.received'; token: BearerToken; id?: string }
  /** The browser signed out. A `sessionId` other than the proven one makes it void: the session has moved on. */
  | { type: 'session.cleared'; sessionId?: string }
  /** The Clerk session or its user was revoked. Void where another identity is proven. */
  | { type: 'session.revoked'; sessionId?: string; userId?: string }
  /** The outcome of another node, or of the store. */
  | { type: 'session.adopted'; record: AdoptedSession }
  /** The signing keys are there again. */
  | { type: 'keys.refreshed' }
  /** The profile of the signed-in user; void for any other user. */
  | { type: 'user.loaded'; user: AuthUser }
  /** The profile could not be loaded. Never an auth failure. */
  | { type: 'user.failed'; userId: string }

/** How one token ended. `ignored`: verified, but older than what is proven, so that nothing changed. */
export type TokenOutcome = 'accepted' | 'refused' | 'undecided' | 'ignored'

/** What the auth machine emits (`actor.on(type, listener)`). */
export type AuthEmitted =
  /** A verdict over one token, or that there is none yet. `error` is set unless `accepted` or `ignored`. */
  | { type: 'token.settled'; id: string | undefined; outcome: TokenOutcome; error: AuthErrorView | null }
  /** A token whose check was cut off by a clear or a revocation. The host may finish the check to learn whom to tombstone. */
  | { type: 'token.discarded'; id: string | undefined; token: BearerToken }
  /** The token held is no longer good enough: send a fresh one. */
  | { type: 'token.needed' }
  /** No verdict within `authWaitTimeout`. Once in a machine's life. */
  | { type: 'auth.waitTimedOut' }
