import type { AuthError } from '../../../machines/auth-error.ts'
import type { AuthView } from '../../../machines/auth-view.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { Logger } from '../../logger.ts'
import type { AwaitedRotations } from '../node/awaited-rotations.ts'
import type { Revocations } from '../node/revocations.ts'
import type { SessionLifecycle } from '../node/session-lifecycle.ts'
import type { SessionLookup } from '../node/session-lookup.ts'
import type { TokenChecks, VerifyToken } from '../node/token-checks.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { ViewStream } from '../session/view-stream.ts'
import type { SessionStore } from '../store/session-store.ts'

/**
 * The identity that a request was let in as. Later steps of the same request need it, because the sign-in that the
 * request waited for retires its cookie, and the session of a token of its own is in no registry.
 */
export interface Admission {
  readonly view: AuthView
  /** The session that later changes come from; null if there is none. */
  readonly session: LiveSession | null
  /**
   * The time at which it ends, by `performance.now()`, if it was let in by a cookie that was given out for nobody, which
   * an attacker may have planted. Absent if it lasts as long as its session.
   */
  readonly endsAt?: number
}

/** The part that all requests have. */
export interface HubRequest {
  /** The values of the session cookie. A browser may send more than one. */
  readonly cookieIds: readonly string[]
  /** The identity that an earlier step let it in as. */
  readonly admission?: Admission
  readonly tab?: string
  /** The client's address, if sessions of one address are bounded. */
  readonly address?: string | undefined
  /** Rises with each request of a tab. */
  readonly seq?: number
}

export interface StreamRequest extends HubRequest {
  /** Tokens that the request carries. They can sign a session in or renew it, and nothing else. */
  readonly carried: readonly BearerToken[]
}

export interface AdmitRequest extends HubRequest {
  /** @returns the tokens that the request carries, which count if there is no session */
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
  /** The Clerk session to end. The request has no effect if another one is signed in by now. */
  readonly sessionId?: string
}

/** The result of a request. */
export interface HubAnswer {
  readonly view: AuthView
  readonly error: AuthError | null
  /** A session cookie to set. */
  readonly cookieId?: string
}

export interface OpenedSession {
  /** A session cookie to set. */
  readonly cookieId?: string
  /** Sends the stream the current view and every new one. @returns a function that stops it */
  attach(stream: ViewStream): () => void
}

/** The parts of the hub that every request handler uses. */
export interface HubParts {
  readonly lifecycle: SessionLifecycle
  readonly lookup: SessionLookup
  readonly awaited: AwaitedRotations
  readonly tokens: TokenChecks
  /** Notes that the app has let in a request of a session. */
  readonly noteUse: (session: LiveSession) => void
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
  /** Runs the work of one request, and keeps its session until the work is done. */
  readonly serve: <T>(session: LiveSession, work: () => Promise<T>) => Promise<T>
  /** True once the hub says goodbye to its streams. */
  readonly isClosing: () => boolean
}
