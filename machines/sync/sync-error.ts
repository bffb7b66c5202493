import type { AuthErrorCode } from '../auth-error.ts'
import type { AuthView } from '../auth-view.ts'

/**
 * Codes of everything that can fail in the browser: all errors that the server answers, and those that happen before it
 * is reached.
 */
export type SyncErrorCode =
  | AuthErrorCode
  /** Clerk gave no token or threw an error, although it says that a user is signed in. */
  | 'clerk-no-token'
  /** Clerk's `getToken` did not settle in time. */
  | 'clerk-timeout'
  /** The server was not reached, the connection broke, or it fell silent. */
  | 'network-failed'
  /** The server, or something between, sent an answer that does not belong to the protocol. */
  | 'answer-malformed'
  /** The answer does not belong to this tab's request: a cache or a service worker kept it from an earlier one. */
  | 'answer-cached'
  /** Two nodes of the server answered, and one does not know the session that the other has just signed in. */
  | 'store-not-shared'
  /** The browser could not load the file with the code that `start()` needs. */
  | 'client-not-loaded'

/** A failure as the sync machine keeps it. It is plain data without secrets. */
export interface SyncFailure {
  /** The code by which a program tells failures apart. */
  readonly code: SyncErrorCode
  /** A sentence for a person, without a token. */
  readonly message: string
  /** False if asking again does not help until something changes. */
  readonly retryable: boolean
  /** Shortest time to wait before asking again, ms; null if the server named none. */
  readonly retryAfter: number | null
}

export interface SyncErrorOptions {
  /** Default true. */
  readonly retryable?: boolean
  /** Shortest time to wait before asking again, ms. */
  readonly retryAfter?: number | null
  readonly cause?: unknown
  /** The view that came with the error. */
  readonly view?: AuthView | undefined
}

/**
 * The error with which the actors of the sync machine reject. Tell errors apart by `code`. A message never contains a
 * token.
 */
export class SyncError extends Error implements SyncFailure {
  declare readonly code: SyncErrorCode
  declare readonly retryable: boolean
  declare readonly retryAfter: number | null
  declare readonly view: AuthView | undefined

  constructor(code: SyncErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options)
    const { retryable = true, retryAfter = null, view } = options
    Object.assign(this, { name: 'SyncError', code, retryable, retryAfter, view })
  }
}

/** True for a {@link SyncError} of any copy of this package. */
export function isSyncError(error: unknown): error is SyncError {
  return error instanceof Error && error.name === 'SyncError'
}

/** Returns a retryable failure that happened in the browser. */
export function toFailure(code: SyncErrorCode, message: string, retryAfter: number | null = null): SyncFailure {
  return { code, message, retryable: true, retryAfter }
}

/** Returns any error as plain data. An error that is not a {@link SyncError} counts as `internal` and is retryable. */
export function toSyncFailure(error: unknown): SyncFailure {
  if (!isSyncError(error)) return toFailure('internal', 'An unexpected error occurred')
  const { code, message, retryable, retryAfter } = error
  return { code, message, retryable, retryAfter }
}
