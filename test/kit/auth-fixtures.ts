import type { AdoptedSession, AuthUser, VerifiedSession } from '../../machines/index.ts'

export { signedOutRecord } from '../../machines/adopted-session.ts'

/** The start of virtual time, epoch ms: a whole second, like a token's `iat`. */
export const virtualEpoch = Date.UTC(2026, 0, 1)

/**
 * The session that a token of `user_a` proves. It is issued at the virtual epoch for a minute unless you override that.
 */
export function createProof(overrides: Partial<VerifiedSession> = {}): VerifiedSession {
  const { userId = 'user_a', orgId = null, issuedAt = virtualEpoch } = overrides
  const { sessionId = `sess_${userId.slice('user_'.length)}`, expiresAt = issuedAt + 60_000 } = overrides
  const claims = {
    sub: userId,
    sid: sessionId,
    iat: issuedAt / 1_000,
    exp: expiresAt / 1_000,
    ...(orgId !== null && { o: { id: orgId } }),
  }
  return { status: 'active', userId, sessionId, orgId, claims, issuedAt, expiresAt, ...overrides }
}

export function toSignedInRecord(proof: VerifiedSession): AdoptedSession {
  return { ...proof, status: 'signedIn', user: null }
}

export function createProfile(overrides: Partial<AuthUser> = {}): AuthUser {
  return {
    id: 'user_a',
    firstName: 'Ada',
    lastName: null,
    username: null,
    emailAddress: 'ada@example.test',
    hasImage: false,
    imageUrl: '',
    ...overrides,
  }
}
