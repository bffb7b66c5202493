/** What one error code means: over HTTP, to a client that wonders whether to try again, and to a session that nothing proves yet. */
export interface AuthErrorMeaning {
  /** HTTP status of the answer (RFC 9110). */
  readonly status: number
  /** A few words for a person, the `title` of the problem document (RFC 9457). */
  readonly title: string
  /** True where the same browser may succeed by asking again, with a fresh token if it sends one. */
  readonly retryable: boolean
  /** State of the auth machine afterwards when nothing is proven. `null`: the machine is not touched. */
  readonly state: 'signedOut' | 'error' | null
}

const untouched = (status: number, title: string, retryable = false): AuthErrorMeaning => ({
  status,
  title,
  retryable,
  state: null,
})
const refused = (title: string, retryable = false, status = 401): AuthErrorMeaning => ({
  status,
  title,
  retryable,
  state: 'signedOut',
})
const undecided = (title: string): AuthErrorMeaning => ({ status: 503, title, retryable: true, state: 'error' })

/**
 * Every error authchart speaks of, in one place: code → status, title, retryable, resulting state.
 * The union is closed: {@link AuthErrorCode} is its keys.
 */
export const authErrors = {
  'request-malformed': untouched(400, 'The request is malformed'),
  'token-malformed': refused('The token is not a compact JWS', false, 400),
  'token-algorithm': refused('The token is not signed with RS256'),
  'token-signature': refused('The signature of the token does not verify'),
  'token-claims': refused('A claim of the token is missing or not allowed'),
  'token-type': refused('The token is not a Clerk session token'),
  'token-expired': refused('The token has expired', true),
  'token-not-active': refused('The token is not active yet', true),
  'token-superseded': refused('The token was issued before its session was signed out', true),
  'session-revoked': refused('The Clerk session or its user was revoked'),
  'session-pending': refused('The Clerk session has a task to finish first', false, 200),
  'too-many-sessions': refused('The user has as many sessions as they may', true, 429),
  // A key that Clerk has withdrawn signs no fresh token.
  'key-not-found': refused('The key that signed the token is not published', true),
  'cookie-missing': untouched(400, 'The browser did not send the session cookie'),
  'not-signed-in': untouched(401, 'Nobody is signed in'),
  forbidden: untouched(403, 'The signed-in user may not do this'),
  'reverification-needed': untouched(403, 'The user has to prove again who they are'),
  'origin-rejected': untouched(403, 'The origin is not allowed'),
  'not-found': untouched(404, 'Nothing is here'),
  'method-not-allowed': untouched(405, 'The method is not allowed here'),
  'body-too-large': untouched(413, 'The body is too large'),
  'token-too-large': refused('The token is too large', false, 413),
  'media-type': untouched(415, 'The body is not JSON'),
  'host-rejected': untouched(421, 'The host is not served here'),
  'too-many-requests': untouched(429, 'Too many requests', true),
  'keys-unavailable': undecided('The signing keys cannot be reached'),
  'verify-timeout': undecided('The token could not be checked in time'),
  'store-unavailable': untouched(503, 'The session store cannot be reached', true),
  'at-capacity': untouched(503, 'The server holds as many sessions as it may', true),
  'session-rotated': untouched(503, 'The session has just been given a new cookie', true),
  draining: untouched(503, 'The server is shutting down', true),
  internal: { status: 500, title: 'Something unexpected went wrong', retryable: true, state: 'error' },
  'user-load-failed': untouched(503, 'The user profile could not be loaded', true),
  'clerk-unavailable': untouched(503, 'Clerk could not be reached', true),
} as const satisfies Record<string, AuthErrorMeaning>

/** The closed union of error codes. */
export type AuthErrorCode = keyof typeof authErrors

/** An error as a view shows it: plain data, safe to send to the browser. */
export interface AuthErrorView {
  readonly code: AuthErrorCode
  readonly message: string
  readonly retryable: boolean
}

/**
 * The facts of a refused token, for a log. Every text is short and printable. No text comes out of the token but its key id
 * and the values of `iss`, `azp` and `aud`.
 */
export interface TokenRefusal {
  /** The claim that refused it, or the parameter of its header: `kid`, `cat`, `typ`. */
  readonly claim?: string
  /** The value in the token; of `iss`, `azp` and `aud` alone. */
  readonly found?: string
  /** The allowed values; of `iss`, `azp` and `aud` alone. */
  readonly expected?: readonly string[]
  /** The key that the token names, where it is not published or did not sign it. */
  readonly kid?: string
  /** Seconds by which the server's clock is ahead of Clerk's, less than 0 where it is behind; where they differ. */
  readonly skew?: number
  /** The step that mends it. */
  readonly remedy?: string
}

export interface AuthErrorOptions {
  /** What led to it. Never sent to a browser. */
  readonly cause?: unknown
  /** The facts of the token that led to it. Never sent to a browser. */
  readonly refusal?: TokenRefusal
  /** Milliseconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfter?: number
  /** With `reverification-needed`: the minutes within which the user must have been verified. */
  readonly freshness?: number | undefined
}

/** The same in every copy of this package, and in no other library. */
const brand = Symbol.for('authchart.AuthError')

/**
 * The one error class. Tell errors apart by `code`, with {@link isAuthError}, rather than by `instanceof`: two copies of
 * a package in one process have two classes. A message never holds a token or a secret.
 */
export class AuthError extends Error {
  readonly code: AuthErrorCode
  /** True where the same browser may succeed by asking again. */
  readonly retryable: boolean
  /** Milliseconds after which trying again makes sense, where that is known. */
  readonly retryAfter: number | undefined
  /** The facts of the token, where a verifier refused one. Never sent to a browser. */
  readonly refusal: TokenRefusal | undefined
  /** With `reverification-needed`: the minutes within which the user must have been verified. */
  readonly freshness: number | undefined

  constructor(code: AuthErrorCode, message: string = authErrors[code].title, options: AuthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AuthError'
    this.code = code
    this.retryable = authErrors[code].retryable
    this.retryAfter = options.retryAfter
    this.refusal = options.refusal
    this.freshness = options.freshness
  }

  /** On the prototype, so that no log prints it. */
  get [brand](): true {
    return true
  }
}

export function isAuthErrorCode(value: unknown): value is AuthErrorCode {
  return typeof value === 'string' && Object.hasOwn(authErrors, value)
}

/**
 * True for an {@link AuthError} of any copy of this package, optionally of one code. Errors of other libraries may have all
 * of its fields, such as the code `not-found`, and messages that no browser may see.
 */
export function isAuthError(error: unknown, code?: AuthErrorCode): error is AuthError {
  if (!(error instanceof Error) || !(brand in error) || !('code' in error)) return false
  return isAuthErrorCode(error.code) && (!code || error.code === code)
}

/** The error itself where it is an {@link AuthError}; anything else becomes `internal` with the original as its cause. */
export function toAuthError(error: unknown): AuthError {
  return isAuthError(error) ? error : new AuthError('internal', undefined, { cause: error })
}

/** What a view shows of a code by itself. No `Error` is made for it: its stack would cost more than a transition. */
export function toCodeView(code: AuthErrorCode): AuthErrorView {
  return { code, message: authErrors[code].title, retryable: authErrors[code].retryable }
}

export function toErrorView(error: AuthError): AuthErrorView {
  return { code: error.code, message: error.message, retryable: error.retryable }
}

/** No Clerk secret key was given, or an empty one. `code` is `internal`: it is a mistake of the server's own making. */
export class MissingSecretKeyError extends AuthError {
  constructor(reason: 'missing' | 'empty') {
    super(
      'internal',
      reason === 'missing'
        ? 'Clerk secret key missing: pass clerk.secretKey, set CLERK_SECRET_KEY or CLERK_JWT_KEY, or give keys ({ jwks }, { jwksUrl } or { jwtKey }).'
        : 'Clerk secret key empty: clerk.secretKey or CLERK_SECRET_KEY is an empty string.',
    )
    this.name = 'MissingSecretKeyError'
  }
}

/** There is no Clerk user to tell of: nobody is signed in (`not-signed-in`), or Clerk knows the user no more (`not-found`). */
export class MissingUserError extends AuthError {
  constructor(reason: 'no user id' | 'no user found') {
    super(
      reason === 'no user id' ? 'not-signed-in' : 'not-found',
      reason === 'no user id' ? 'No user id: nobody is signed in' : 'No user found: Clerk knows no such user',
    )
    this.name = 'MissingUserError'
  }
}
