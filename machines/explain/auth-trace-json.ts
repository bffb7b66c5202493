import type { AuthInput } from '../auth-context.ts'
import type { AuthErrorCode } from '../auth-error.ts'
import type { AdoptedSession } from '../auth-events.ts'
import type { AuthView } from '../auth-view.ts'
import type { VerifiedSession } from '../verified-session.ts'

/** Who a session belongs to and how long: all that a trace keeps of claims. Epoch ms. */
export interface TracedSession {
  readonly status: VerifiedSession['status'] | AdoptedSession['status']
  readonly userId: string | null
  readonly sessionId: string | null
  readonly orgId: string | null
  readonly orgRole: string | null
  readonly issuedAt: number | null
  readonly expiresAt: number | null
}

/** What happened. A token is known by its number, in the order of arrival. */
export type TracedEvent =
  | { readonly type: 'token.received'; readonly token: number }
  /** The check of a token ended: what it proves, or why not. */
  | { readonly type: 'token.verified'; readonly token: number; readonly session: TracedSession }
  | {
      readonly type: 'token.failed'
      readonly token: number
      readonly code: AuthErrorCode
      readonly retryAfter?: number
    }
  | { readonly type: 'session.cleared' | 'session.revoked'; readonly sessionId?: string; readonly userId?: string }
  | { readonly type: 'session.adopted'; readonly session: TracedSession }
  | { readonly type: 'keys.refreshed' }
  | { readonly type: 'user.loaded' | 'user.failed'; readonly userId: string }
  /** A timer of the machine fired: as `expiry.auth.signedIn`. */
  | { readonly type: 'timer'; readonly name: string }

/** What the session was after a step: its view without claims, profile and clock, and the state in full. */
export interface TracedView extends Pick<
  AuthView,
  'authChecked' | 'timedOut' | 'isSignedIn' | 'userId' | 'sessionId' | 'orgId' | 'orgRole' | 'expiresAt'
> {
  /** As `signedIn.renewing`. */
  readonly state: string
  readonly error: AuthErrorCode | null
  /** The timers that are armed, by name, each with the delay in ms that it was armed with. */
  readonly timers: Readonly<Record<string, number>>
}

export interface TraceStep {
  /** Ms since the start, as timers count. */
  readonly at: number
  /** Ms since the start by the machine's own clock, where that differs: it was set, or stood still. */
  readonly clock?: number
  readonly event: TracedEvent
  /** What the tombstones said of the session that the event speaks of, unless nothing. */
  readonly tombstone?: AuthErrorCode
  /** What they said of the session that was proven then: a read heeds them. */
  readonly ended?: AuthErrorCode
  /** When the retry is due, ms since the start; only where that changed. */
  readonly retryAt?: number
  readonly view: TracedView
}

/** A recording that `replayTrace` of `authchart/testing` runs again. Plain JSON; no token, claim or profile is in it. */
export interface AuthTraceJson {
  readonly version: 1
  /** Epoch ms. */
  readonly startedAt: number
  readonly settings: Required<Omit<AuthInput, 'now' | 'random' | 'tombstone'>>
  /** False where something had happened before the recording began: it can be read, and not run again. */
  readonly isWhole: boolean
  /** False where steps after the last one did not fit. */
  readonly isComplete: boolean
  readonly steps: readonly TraceStep[]
}
