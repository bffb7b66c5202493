import type { AuthError } from '../../../machines/auth-error.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionLifecycle } from '../node/session-lifecycle.ts'
import type { SessionLookup } from '../node/session-lookup.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { TokenChecks, VerifyToken } from '../node/token-checks.ts'
import type { Revocations } from '../node/revocations.ts'
import type { ViewStream } from '../session/view-stream.ts'

/**
 * Whom a request was let in as. The sign-in that it waited for retires its cookie, and what its own token proves is in
 * no registry: what comes after it in the same request is told by this.
 */
export interface Admission {
  readonly view: AuthView
  /** What tells more of it later; null where there is nothing. */
  readonly session: LiveSession | null
  /**
   * When it ends, by `performance.now()`: it was let in by a cookie that was given out for nobody, which a stranger may
   * have planted. Absent for one that lasts as long as its session.
   */
  readonly endsAt?: number
}

/** Who asks. */
export interface HubRequest {
  /** The values of the session cookie, of which more than one may have been sent. */
  readonly cookieIds: readonly string[]
  /** Whom it was let in as before. */
  readonly admission?: Admission
  readonly tab?: string
  /** The client's address, where sessions of one address are bounded. */
  readonly address?: string | undefined
  /** Rises with each request of a tab. */
  readonly seq?: number
}

export interface StreamRequest extends HubRequest {
  /** Tokens that came along. They can only raise a session. */
  readonly carried: readonly BearerToken[]
}

export interface AdmitRequest extends HubRequest {
  /** → the tokens that came along, which count where there is no session. */
  readonly carried: () => readonly BearerToken[]
  /** Ms. */
  readonly timeout: number
  /** Ends the wait with its reason. */
  readonly giveUp?: AbortSignal
}

export interface TokenRequest extends HubRequest {
  readonly token: BearerToken
}

export interface ClearRequest extends HubRequest {
  /** The Clerk session to end: void if another one is signed in by now. */
  readonly sessionId?: string
}

/** What a request led to. */
export interface HubAnswer {
  readonly view: AuthView
  readonly error: AuthError | null
  /** A session cookie to set. */
  readonly cookieId?: string
}

export interface OpenedSession {
  /** A session cookie to set. */
  readonly cookieId?: string
  /** Sends the stream the view of now and of every change. → stop */
  attach(stream: ViewStream): () => void
}

/** What the handling of every request has at hand. */
export interface HubParts {
  readonly lifecycle: SessionLifecycle
  readonly lookup: SessionLookup
  readonly tokens: TokenChecks
  readonly revocations: Revocations
  readonly store: SessionStore
  readonly verify: VerifyToken
  /** Times in ms. */
  readonly authWaitTimeout: number
  readonly verifyTimeout: number
  readonly clockTolerance: number
  readonly streamsPerSession: number
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
  /** Runs the work of one request, during which its session stays. */
  readonly serve: <T>(session: LiveSession, work: () => Promise<T>) => Promise<T>
}
