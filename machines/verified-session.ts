/**
 * The claims of a Clerk session token, v2 or v1, after its signature is verified. Times are in seconds (RFC 7519
 * NumericDate).
 */
export interface AuthClaims {
  /** Clerk's id of the user. */
  readonly sub: string
  /** Clerk's id of the session. */
  readonly sid: string
  /** The Clerk instance that issued the token. */
  readonly iss?: string
  /** Authorized party: the origin of the page that asked for the token. */
  readonly azp?: string
  /** Time of issue. */
  readonly iat?: number
  /** Time before which the token does not count. */
  readonly nbf?: number
  /** Time from which on the token no longer counts. */
  readonly exp: number
  /** Clerk session status; absent in v1 tokens. */
  readonly sts?: string
  /** The active organization of a v2 token: id, role, slug, permissions. */
  readonly o?: { readonly id: string; readonly rol?: string; readonly slg?: string; readonly per?: string }
  /** The person who acts as `sub` in an impersonation (RFC 8693 section 4.1). */
  readonly act?: Impersonator
  readonly [claim: string]: unknown
}

/** The person who acts as another user. */
export interface Impersonator {
  /** The user id of a support agent, or another name that the actor token contains. */
  readonly sub: string
}

/** The facts that a verified token proves. Times are in epoch milliseconds. */
export interface VerifiedSession {
  /**
   * `pending` means that Clerk wants a task done (such as choosing an organization) before the session counts as signed
   * in.
   */
  readonly status: 'active' | 'pending'
  /** Clerk's id of the user. */
  readonly userId: string
  /** Clerk's id of the session. */
  readonly sessionId: string
  /** Clerk's id of the active organization; null if there is none. */
  readonly orgId: string | null
  /** All claims of the token. */
  readonly claims: AuthClaims
  /** `iat` in ms. */
  readonly issuedAt: number
  /** `exp` in ms, without the clock tolerance. */
  readonly expiresAt: number
}

/** Seconds for which a token is accepted after its `exp`, unless an option says otherwise (leeway, RFC 7519 §4.1.4). */
export const defaultClockTolerance = 60

/** The part of a Clerk user that a view shows if the server is configured to load it. */
export interface AuthUser {
  /** Clerk's id of the user. */
  readonly id: string
  /** First name, if the user has told it. */
  readonly firstName: string | null
  /** Last name, if the user has told it. */
  readonly lastName: string | null
  /** User name, if the Clerk instance has user names. */
  readonly username: string | null
  /** The primary email address. */
  readonly emailAddress: string | null
  /** True if the user has an image, and not only initials. */
  readonly hasImage: boolean
  /** URL of the image, or of a picture of the initials. */
  readonly imageUrl: string
}

/** Returns the `sub` of the claim `act`, without anything else that the claim contains. */
export function toImpersonator(claims: AuthClaims | null): Impersonator | null {
  const sub: unknown = claims?.act?.sub
  return typeof sub === 'string' ? { sub } : null
}

/**
 * Returns the role in the active organization in the form `org:admin`. v2 tokens have it as `o.rol` without the prefix,
 * v1 tokens as `org_role` with it (Clerk docs, "Session tokens").
 */
export function toOrgRole(claims: AuthClaims | null): string | null {
  if (claims?.o?.rol) return `org:${claims.o.rol}`
  return typeof claims?.['org_role'] === 'string' ? claims['org_role'] : null
}

/**
 * Returns the moment when a token was issued, epoch ms: its `iat`, or its `nbf` if it has no `iat`, as the verifier
 * does.
 */
export function toIssuedAt(claims: AuthClaims | null): number | null {
  const seconds = claims?.iat ?? claims?.nbf
  return seconds === undefined ? null : seconds * 1_000
}
