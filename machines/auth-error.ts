/**
 * The meaning of one error code: over HTTP, for a client that decides whether to try again, and for a session that
 * nothing proves yet.
 */
export interface AuthErrorMeaning {
  /** HTTP status of the answer (RFC 9110). */
  readonly status: number
  /** A few words for a person, the `title` of the problem document (RFC 9457). */
  readonly title: string
  /** True if the same browser may succeed by asking again, with a fresh token if it sends one. */
  readonly retryable: boolean
  /**
   * State of the auth machine after the error if nothing is proven. `null` means that the error does not touch the
   * machine.
   */
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
 * All errors of authchart in one table, by code: HTTP status, title, retryable, resulting state. The union is closed:
 * {@link AuthErrorCode} has exactly its keys.
 */
export const authErrors = {
  'request-malformed': untouched(400, 'The request is malformed'),
  'token-malformed': refused('The token is not a compact JWS', false, 400),
  'token-algorithm': refused('The token is not signed with RS256'),
  'token-signature': refused('The signature of the token is not valid'),
  'token-claims': refused('A claim of the token is missing or not allowed'),
  'token-type': refused('The token is not a Clerk session token'),
  'token-expired': refused('The token has expired', true),
  'token-not-active': refused('The token is not active yet', true),
  'token-superseded': refused('The token was issued before its session was signed out', true),
  'session-revoked': refused('The Clerk session or its user was revoked'),
  'session-expired': refused('The session has lasted as long as it may'),
  'session-pending': refused('The Clerk session has a task to finish first', false, 200),
  'too-many-sessions': refused('The user has reached the limit of sessions', true, 429),
  // A fresh token may succeed, because Clerk does not sign it with a key that it has withdrawn.
  'key-not-found': refused('The key that signed the token is not published', true),
  'cookie-missing': untouched(400, 'The browser did not send the session cookie'),
  'not-signed-in': untouched(401, 'No user is signed in'),
  forbidden: untouched(403, 'The signed-in user is not allowed to do this'),
  'reverification-needed': untouched(403, 'The user has to verify their identity again'),
  'origin-rejected': untouched(403, 'The origin is not allowed'),
  'not-found': untouched(404, 'There is no endpoint at this path'),
  'method-not-allowed': untouched(405, 'The method is not allowed here'),
  'body-too-large': untouched(413, 'The body is too large'),
  'token-too-large': refused('The token is too large', false, 413),
  'media-type': untouched(415, 'The body is not JSON'),
  'host-rejected': untouched(421, 'The server does not serve this host'),
  'too-many-requests': untouched(429, 'Too many requests', true),
  'keys-unavailable': undecided('The signing keys cannot be reached'),
  'verify-timeout': undecided('The token could not be checked in time'),
  'store-unavailable': untouched(503, 'The session store cannot be reached', true),
  'at-capacity': untouched(503, 'The server has reached its limit of sessions', true),
  'session-rotated': untouched(503, 'The session cookie was just replaced', true),
  draining: untouched(503, 'The server is shutting down', true),
  internal: { status: 500, title: 'An unexpected error occurred', retryable: true, state: 'error' },
  'user-load-failed': untouched(503, 'The user profile could not be loaded', true),
  'clerk-unavailable': untouched(503, 'Clerk could not be reached', true),
} as const satisfies Record<string, AuthErrorMeaning>

/** The closed union of error codes. */
export type AuthErrorCode = keyof typeof authErrors

/** An error as a view shows it. It is plain data and safe to send to the browser. */
export interface AuthErrorView {
  /** The code by which a program tells errors apart. */
  readonly code: AuthErrorCode
  /** A sentence for a person, without a token or a secret. */
  readonly message: string
  /** True if the same browser may succeed by asking again. */
  readonly retryable: boolean
}

/**
 * The facts of a refused token, for a log. Every text is short and printable. The only texts taken from the token are
 * its key id and the values of `iss`, `azp` and `aud`.
 */
export interface TokenRefusal {
  /** The claim that caused the refusal, or the header parameter: `kid`, `cat`, `typ`. */
  readonly claim?: string
  /** The value in the token; only for `iss`, `azp` and `aud`. */
  readonly found?: string
  /** The allowed values; only for `iss`, `azp` and `aud`. */
  readonly expected?: readonly string[]
  /** The key id that the token names, if that key is not published or did not sign the token. */
  readonly kid?: string
  /** Seconds by which the server's clock is ahead of Clerk's, negative if it is behind; absent if the clocks agree. */
  readonly skew?: number
  /** The step that fixes the problem. */
  readonly remedy?: string
}

/** The facts that an {@link AuthError} carries besides its code and message. */
export interface AuthErrorOptions {
  /** The underlying error. It is never sent to a browser. */
  readonly cause?: unknown
  /** The facts of the refused token. They are never sent to a browser. */
  readonly refusal?: TokenRefusal
  /** Milliseconds after which it makes sense to try again; sent as `Retry-After`. Default: no such header. */
  readonly retryAfter?: number
  /** With `reverification-needed`: the minutes within which the user must have been verified. Default: not told. */
  readonly freshness?: number | undefined
}

/** A mark that every copy of this package shares and no other library has. */
const brand = Symbol.for('authchart.AuthError')

/**
 * The one error class. Tell errors apart by `code`, with {@link isAuthError}, rather than by `instanceof`: two copies
 * of a package in one process have two classes. A message never contains a token or a secret.
 */
export class AuthError extends Error {
  readonly code: AuthErrorCode
  /** True if the same browser may succeed by asking again. */
  readonly retryable: boolean
  /** Milliseconds after which it makes sense to try again, if that is known. */
  readonly retryAfter: number | undefined
  /** The facts of the token, if a verifier refused one. They are never sent to a browser. */
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

  /** The mark is on the prototype, so that logs do not print it. */
  get [brand](): true {
    return true
  }
}

/** True for one of the codes of {@link authErrors}. */
export function isAuthErrorCode(value: unknown): value is AuthErrorCode {
  return typeof value === 'string' && Object.hasOwn(authErrors, value)
}

/**
 * True for an {@link AuthError} of any copy of this package, optionally only with one code. The mark decides, because
 * an error of another library may have the same fields, such as the code `not-found`, and a message that no browser may
 * see.
 */
export function isAuthError(error: unknown, code?: AuthErrorCode): error is AuthError {
  if (!(error instanceof Error) || !(brand in error) || !('code' in error)) return false
  return isAuthErrorCode(error.code) && (!code || error.code === code)
}

/** Returns an {@link AuthError} unchanged; anything else becomes `internal` with the original as its cause. */
export function toAuthError(error: unknown): AuthError {
  return isAuthError(error) ? error : new AuthError('internal', undefined, { cause: error })
}

/**
 * Returns the view of an error that has only a code. It makes no `Error`, because the stack would cost more than a
 * transition.
 */
export function toCodeView(code: AuthErrorCode): AuthErrorView {
  return { code, message: authErrors[code].title, retryable: authErrors[code].retryable }
}

/** Returns an error as plain data, without its cause, its stack and the facts of a refused token. */
export function toErrorView(error: AuthError): AuthErrorView {
  return { code: error.code, message: error.message, retryable: error.retryable }
}

/**
 * The Clerk secret key is missing or empty. `code` is `internal`, because the mistake is in the server's own
 * configuration.
 */
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

/**
 * There is no Clerk user to return: either no user is signed in (`not-signed-in`), or Clerk no longer knows the user
 * (`not-found`).
 */
export class MissingUserError extends AuthError {
  constructor(reason: 'no user id' | 'no user found') {
    super(
      reason === 'no user id' ? 'not-signed-in' : 'not-found',
      reason === 'no user id' ? 'No user id: nobody is signed in' : 'No user found: Clerk knows no such user',
    )
    this.name = 'MissingUserError'
  }
}
