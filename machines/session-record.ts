import type { AuthClaims, AuthUser } from './verified-session.ts'

/**
 * The outcome of one server session, as a store keeps it and as nodes send it to each other. It contains no token and
 * no XState snapshot. Every node replays it into a machine of its own with `session.adopted`.
 */
export interface SessionRecord {
  /** Internal id, stable over cookie rotation. It never leaves the server. */
  readonly id: string
  /** Public random label, stable over cookie rotation. */
  readonly channel: string
  /** Rises with every write; compare it only within one channel. */
  readonly rev: number
  /** The verdict. */
  readonly status: 'signedIn' | 'signedOut'
  /** All verified claims; null when signed out. */
  readonly claims: AuthClaims | null
  /** The profile of the user, if the server loads it. */
  readonly user: AuthUser | null
  /** Clerk's id of the user; null if no user is signed in. */
  readonly userId: string | null
  /** Clerk's id of the session; null if no user is signed in. */
  readonly sessionId: string | null
  /** Clerk's id of the active organization; null if there is none. */
  readonly orgId: string | null
  /** `iat` of the proving token, epoch ms; null when signed out. */
  readonly issuedAt: number | null
  /** `exp` of the proving token, epoch ms, without the clock tolerance; null when signed out. */
  readonly expiresAt: number | null
  /**
   * When the session signed in with this Clerk session, epoch ms. Absent when signed out, and in records of versions that
   * did not note it.
   */
  readonly signedInAt?: number
  /** When the app last let a request of the session in, epoch ms, as far as the writing node knows. */
  readonly lastUsedAt?: number
  /** The highest `seq` seen of each tab, for at most 64 tabs, least recently used first. */
  readonly seqByTab: Readonly<Record<string, number>>
  /** No request has brought the session's cookie yet, so its browser may not keep one. Absent once a request has. */
  readonly isUnclaimed?: true
  /**
   * The group of servers that judge tokens by the same rules and accept this record. A server adds it to the records
   * that it stores.
   */
  readonly instance?: string
  /** Proof that one of those servers wrote the record. A store keeps it like any other field. */
  readonly seal?: string
}

/** The end of a Clerk session or user. Times are in epoch ms. */
export interface EndMoments {
  /** The session was signed out here. Its tokens issued at or before this moment are refused; newer ones are not. */
  readonly clearedAt?: number
  /**
   * The session or user was revoked. Every token of the session is refused; of a user, those issued at or before this
   * moment.
   */
  readonly revokedAt?: number
}
