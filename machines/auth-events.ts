import type { AuthErrorView } from './auth-error.ts'
import type { BearerToken } from './bearer-token.ts'
import type { SessionRecord } from './session-record.ts'
import type { AuthUser } from './verified-session.ts'

/** The part of a {@link SessionRecord} that a machine takes over. */
export type AdoptedSession = Pick<
  SessionRecord,
  'status' | 'claims' | 'user' | 'userId' | 'sessionId' | 'orgId' | 'issuedAt' | 'expiresAt'
>

/** Events that the auth machine accepts. Build them from parsed fields, and never pass a request body on. */
export type AuthEvent =
  /** A token to check. `token.settled` repeats its `id`. */
  | { type: 'token.received'; token: BearerToken; id?: string }
  /**
   * The browser signed out. The event is ignored if its `sessionId` is not the proven one, because the session has
   * moved on.
   */
  | { type: 'session.cleared'; sessionId?: string }
  /**
   * The Clerk session or its user was revoked, or, with the code `session-expired`, the session has lasted as long as it
   * may. The event is ignored if another identity is proven.
   */
  | { type: 'session.revoked'; sessionId?: string; userId?: string; code?: 'session-revoked' | 'session-expired' }
  /** The outcome that another node reached, or that the store keeps. */
  | { type: 'session.adopted'; record: AdoptedSession }
  /** The signing keys are available again. */
  | { type: 'keys.refreshed' }
  /** The profile of the signed-in user. The event is ignored if it is of another user. */
  | { type: 'user.loaded'; user: AuthUser }
  /** The profile could not be loaded. This is never an authentication failure. */
  | { type: 'user.failed'; userId: string }

/**
 * The outcome of one token. `ignored` means that it was verified but is older than the proof, so that nothing changed.
 */
export type TokenOutcome = 'accepted' | 'refused' | 'undecided' | 'ignored'

/** Events that the auth machine emits (`actor.on(type, listener)`). */
export type AuthEmitted =
  /**
   * A token got a verdict, or there is none yet (`undecided`). `error` is set unless the outcome is `accepted` or
   * `ignored`.
   */
  | { type: 'token.settled'; id: string | undefined; outcome: TokenOutcome; error: AuthErrorView | null }
  /**
   * A clear or a revocation cut off the check of a token. The host may finish the check to learn which session needs a
   * tombstone.
   */
  | { type: 'token.discarded'; id: string | undefined; token: BearerToken }
  /** The proven token is no longer good enough: send a fresh one. */
  | { type: 'token.needed' }
  /** No verdict came within `authWaitTimeout`. It is emitted at most once in the life of an actor. */
  | { type: 'auth.waitTimedOut' }
