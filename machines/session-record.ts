import type { AuthClaims, AuthUser } from './verified-session.ts'

/**
 * The outcome of one server session, as a store keeps it and as nodes tell each other: never a token, never an XState
 * snapshot. Every node replays it into a machine of its own with `session.adopted`.
 */
export interface SessionRecord {
  /** Internal id, stable over cookie rotation. Never leaves the server. */
  readonly id: string
  /** Public random label, stable over cookie rotation. */
  readonly channel: string
  /** Rises with every write; compared within one channel only. */
  readonly rev: number
  readonly status: 'signedIn' | 'signedOut'
  /** All verified claims; null when signed out. */
  readonly claims: AuthClaims | null
  readonly user: AuthUser | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly orgId: string | null
  /** `iat` of the token that proved it, epoch ms; null when signed out. */
  readonly issuedAt: number | null
  /** `exp` of that token, epoch ms, without the clock tolerance; null when signed out. */
  readonly expiresAt: number | null
  /** The highest `seq` seen of each tab: at most 64 tabs, least recently used first. */
  readonly seqByTab: Readonly<Record<string, number>>
  /** No request has brought the session's cookie yet, so that its browser may keep none. Absent once one has. */
  readonly isUnclaimed?: true
  /** The servers that it counts for: those that judge tokens by the same rules. A server adds it to what it stores. */
  readonly instance?: string
  /** Shows that one of those servers has written it. Opaque to a store, which keeps it like any other field. */
  readonly seal?: string
}

/** What is remembered of a Clerk session or user that ended. Times in epoch ms. */
export interface EndMoments {
  /** The session was signed out here: its tokens issued at or before this moment are refused, newer ones are not. */
  readonly clearedAt?: number
  /** The session or user was revoked: every token of the session; of a user, those issued at or before this moment. */
  readonly revokedAt?: number
}
