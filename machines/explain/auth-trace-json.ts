import type { AuthInput } from '../auth-context.ts'
import type { AuthErrorCode } from '../auth-error.ts'
import type { AdoptedSession } from '../auth-events.ts'
import type { AuthView } from '../auth-view.ts'
import type { VerifiedSession } from '../verified-session.ts'

/** The owner of a session and its times, epoch ms. A trace keeps nothing else of the claims. */
export interface TracedSession {
  /** The status of the session. */
  readonly status: VerifiedSession['status'] | AdoptedSession['status']
  /** Clerk's id of the user; null if no user is signed in. */
  readonly userId: string | null
  /** Clerk's id of the session; null if no user is signed in. */
  readonly sessionId: string | null
  /** Clerk's id of the active organization; null if there is none. */
  readonly orgId: string | null
  /** Role in the active organization, such as `org:admin`; null if there is none. */
  readonly orgRole: string | null
  /** `iat` of the token, epoch ms. */
  readonly issuedAt: number | null
  /** `exp` of the token, epoch ms. */
  readonly expiresAt: number | null
}

/** One event. A token is identified by its number in the order of arrival. */
export type TracedEvent =
  | { readonly type: 'token.received'; readonly token: number }
  /** The check of a token succeeded; `session` is what the token proves. */
  | { readonly type: 'token.verified'; readonly token: number; readonly session: TracedSession }
  | {
      readonly type: 'token.failed'
      readonly token: number
      readonly code: AuthErrorCode
      readonly retryAfter?: number
    }
  | {
      readonly type: 'session.cleared' | 'session.revoked'
      readonly sessionId?: string
      readonly userId?: string
      readonly code?: 'session-revoked' | 'session-expired'
    }
  | { readonly type: 'session.adopted'; readonly session: TracedSession }
  | { readonly type: 'keys.refreshed' }
  | { readonly type: 'user.loaded' | 'user.failed'; readonly userId: string }
  /** A timer of the machine fired, such as `expiry.auth.signedIn`. */
  | { readonly type: 'timer'; readonly name: string }

/** The session after a step: its view without claims, profile and clock, and the full state. */
export interface TracedView extends Pick<
  AuthView,
  'authChecked' | 'timedOut' | 'isSignedIn' | 'userId' | 'sessionId' | 'orgId' | 'orgRole' | 'expiresAt'
> {
  /** The full state, such as `signedIn.renewing`. */
  readonly state: string
  /** Code of the error in the view; null if there is none. */
  readonly error: AuthErrorCode | null
  /** The armed timers by name, each with the delay in ms with which it was armed. */
  readonly timers: Readonly<Record<string, number>>
}

/** One event of a recording, and the view after it. */
export interface TraceStep {
  /** Milliseconds since the start, by the clock of the timers. */
  readonly at: number
  /** Milliseconds since the start by the machine's own clock, if that differs because it was set or stopped. */
  readonly clock?: number
  /** The event. */
  readonly event: TracedEvent
  /** Code of the tombstone that covers the session in the event, if there is one. */
  readonly tombstone?: AuthErrorCode
  /** Code of the tombstone that covers the session proven at that time, if there is one; reads respect it. */
  readonly ended?: AuthErrorCode
  /** Moment when the retry is due, ms since the start; only if it changed. */
  readonly retryAt?: number
  /** The view after the event. */
  readonly view: TracedView
}

/**
 * A recording that `replayTrace` of `authchart/testing` runs again. It is plain JSON and contains no token, claim or
 * profile.
 */
export interface AuthTraceJson {
  /** Version of the format. */
  readonly version: 1
  /** Epoch ms. */
  readonly startedAt: number
  /** The settings of the recorded machine. */
  readonly settings: Required<Omit<AuthInput, 'now' | 'random' | 'tombstone'>>
  /** False if something had happened before the recording began. It can then be read but not run again. */
  readonly isWhole: boolean
  /** False if more steps followed than fit into the recording. */
  readonly isComplete: boolean
  /** The recorded steps, oldest first. */
  readonly steps: readonly TraceStep[]
}
