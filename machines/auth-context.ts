import { toCodeView, toErrorView, type AuthError, type AuthErrorCode, type AuthErrorView } from './auth-error.ts'
import type { AdoptedSession } from './auth-events.ts'
import { fullJitter } from './backoff.ts'
import type { BearerToken } from './bearer-token.ts'
import { defaultClockTolerance, type AuthClaims, type AuthUser, type VerifiedSession } from './verified-session.ts'

/** Options for creating an actor of the auth machine. */
export interface AuthInput {
  /** The clock, epoch ms. Pass the same clock that the timers use; default `Date.now`. */
  readonly now?: () => number
  /** Returns a number in [0, 1) for jitter; default `Math.random`. */
  readonly random?: () => number
  /** Milliseconds until a session without a first verdict counts as timed out; default 1000. */
  readonly authWaitTimeout?: number
  /** Milliseconds that one check of a token may take; default 5000. */
  readonly verifyTimeout?: number
  /** Seconds for which a token is accepted after its `exp` (leeway, RFC 7519 §4.1.4); default 60. */
  readonly clockTolerance?: number
  /**
   * Decides whether a refused token leaves alone a session that another token still proves (`keep`) or ends it
   * (`signOut`); default `keep`.
   */
  readonly refusedToken?: 'keep' | 'signOut'
  /**
   * Looks up a verified session among the tombstones, synchronously. It is called again at every verdict and every
   * read. By default there are no tombstones.
   */
  readonly tombstone?: (session: ProvenIdentity) => AuthErrorCode | null
}

/** The fields by which a tombstone covers the proof of one Clerk session. */
export type ProvenIdentity = Pick<VerifiedSession, 'userId' | 'sessionId' | 'issuedAt'>

/**
 * One token that waits for a verdict. `undecided` is the reason why it is checked again, or null on its first check.
 */
export interface QueuedToken {
  readonly id: string | undefined
  readonly token: BearerToken
  readonly undecided: AuthErrorView | null
}

/** The context of {@link authMachine}. Read it through {@link toAuthView}, which also knows what the time has ended. */
export interface AuthContext {
  readonly claims: AuthClaims | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly orgId: string | null
  readonly user: AuthUser | null
  readonly error: AuthErrorView | null
  /** `iat` of the token that proves the session, epoch ms. */
  readonly issuedAt: number | null
  /** `exp` of that token, epoch ms, without the clock tolerance. */
  readonly expiresAt: number | null
  readonly timedOut: boolean
  /** Checks in a row that could not decide. */
  readonly attempts: number
  /** True once a first verdict was reached; from then on the auth-wait timeout no longer counts. */
  readonly decided: boolean
  /** The token being checked, followed by those that wait their turn. */
  readonly queue: readonly QueuedToken[]
  /** Tokens that could not be decided, kept for the retry. */
  readonly held: readonly QueuedToken[]
  /** When the retry is due, epoch ms. */
  readonly retryAt: number
  readonly settings: Required<AuthInput>
}

/** The most tokens that may be in the queue when another one arrives: the one being checked and three more. */
const maxWaiting = 4
const retryBackoff = { first: 1_000, most: 30_000 }
const maxRetrySpread = 1_000

/** One empty list that all sessions share, because most sessions hold no token at all. */
const noTokens: readonly QueuedToken[] = []

const nobody = {
  claims: null,
  userId: null,
  sessionId: null,
  orgId: null,
  user: null,
  issuedAt: null,
  expiresAt: null,
} as const

export function createAuthContext(input: AuthInput): AuthContext {
  return {
    ...nobody,
    error: null,
    timedOut: false,
    attempts: 0,
    decided: false,
    queue: noTokens,
    held: noTokens,
    retryAt: 0,
    settings: {
      now: input.now ?? Date.now,
      random: input.random ?? Math.random,
      authWaitTimeout: input.authWaitTimeout ?? 1_000,
      verifyTimeout: input.verifyTimeout ?? 5_000,
      clockTolerance: input.clockTolerance ?? defaultClockTolerance,
      refusedToken: input.refusedToken ?? 'keep',
      tombstone: input.tombstone ?? (() => null),
    },
  }
}

/** Returns the moment when a proven token stops counting: `exp` plus the clock tolerance, epoch ms. */
export function validUntil(expiresAt: number, clockTolerance: number): number {
  return expiresAt + clockTolerance * 1_000
}

/** Returns the moment when the proof ends; it is in the past if nothing is proven. */
export function proofDeadline({ expiresAt, settings }: AuthContext): number {
  return expiresAt === null ? -Infinity : validUntil(expiresAt, settings.clockTolerance)
}

/**
 * Tells why a verified session is no proof right now.
 *
 * @returns The reason, or null if the session is a proof.
 */
export function toRefusal(context: AuthContext, session: VerifiedSession): AuthErrorView | null {
  const { now, clockTolerance, tombstone } = context.settings
  const code =
    tombstone(session) ??
    (now() >= validUntil(session.expiresAt, clockTolerance) ? 'token-expired' : null) ??
    (session.status === 'pending' ? 'session-pending' : null)
  return code && toCodeView(code)
}

/** True if a record of another node or of the store proves a session here and now. */
export function isAdoptable(context: AuthContext, record: AdoptedSession): boolean {
  const { status, userId, sessionId, issuedAt, expiresAt } = record
  if (status !== 'signedIn' || userId === null || sessionId === null || issuedAt === null || expiresAt === null) {
    return false
  }
  const { now, clockTolerance, tombstone } = context.settings
  return now() < validUntil(expiresAt, clockTolerance) && tombstone({ userId, sessionId, issuedAt }) === null
}

const withoutFirst = (queue: readonly QueuedToken[]) => (queue.length > 1 ? queue.slice(1) : noTokens)

/** Returns the changes of the context after a token proved who this is. A profile survives only for the same user. */
export function withProof(context: AuthContext, session: VerifiedSession): Partial<AuthContext> {
  const { claims, userId, sessionId, orgId, issuedAt, expiresAt } = session
  return {
    claims,
    userId,
    sessionId,
    orgId,
    issuedAt,
    expiresAt,
    user: context.userId === userId ? context.user : null,
    error: null,
    attempts: 0,
    queue: withoutFirst(context.queue),
    held: noTokens,
  }
}

/**
 * Returns the changes of the context after a record of another node replaced the proof. Checks that are running go on.
 */
export function withRecord(record: AdoptedSession): Partial<AuthContext> {
  const { claims, user, userId, sessionId, orgId, issuedAt, expiresAt } = record
  return { claims, user, userId, sessionId, orgId, issuedAt, expiresAt, error: null, attempts: 0, held: noTokens }
}

export function withoutProof(error: AuthErrorView | null): Partial<AuthContext> {
  return { ...nobody, error }
}

/** Returns the changes of the context after a verdict against the first token in the queue. The proof stays. */
export function withRefusal(context: AuthContext, error: AuthErrorView): Partial<AuthContext> {
  return { error, attempts: 0, queue: withoutFirst(context.queue) }
}

/**
 * Returns the changes of the context after a check that could not decide. The first token in the queue is held for a
 * retry with full jitter.
 */
export function withHeldToken(context: AuthContext, reason: AuthError): Partial<AuthContext> {
  const [token, ...queue] = context.queue
  const undecided = toErrorView(reason)
  const { now, random } = context.settings
  const backoff = fullJitter(context.attempts, retryBackoff, random)
  return {
    error: undecided,
    attempts: context.attempts + 1,
    queue,
    held: token ? [...context.held, { ...token, undecided }].slice(-maxWaiting) : context.held,
    retryAt: now() + Math.max(backoff, reason.retryAfter ?? 0),
  }
}

export function withRetrySoon({ settings }: AuthContext): Partial<AuthContext> {
  return { retryAt: settings.now() + settings.random() * maxRetrySpread }
}

export function isQueueFull({ queue }: AuthContext): boolean {
  return queue.length > maxWaiting
}

/** True unless another Clerk session or user than the named one is proven. */
export function isConcerned(context: AuthContext, named: { sessionId?: string; userId?: string }): boolean {
  const differs = (proven: string | null, name: string | undefined) =>
    proven !== null && name !== undefined && proven !== name
  return !differs(context.sessionId, named.sessionId) && !differs(context.userId, named.userId)
}

/**
 * True if the session is proven by a newer token of the same Clerk session, which an older one never replaces. A token
 * with an equal `iat` is not older.
 */
export function isOlder(context: AuthContext, session: VerifiedSession): boolean {
  return context.sessionId === session.sessionId && context.issuedAt !== null && session.issuedAt < context.issuedAt
}
