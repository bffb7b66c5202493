import type { AdoptedSession } from './auth-events.ts'
import type { AuthClaims, AuthUser } from './verified-session.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const toText = (value: unknown) => (typeof value === 'string' ? value : null)
const toMoment = (value: unknown) => (typeof value === 'number' ? value : null)

/**
 * Turns a stored snapshot of the auth machine into a record that `session.adopted` brings to a fresh actor. XState arms
 * no timers for an actor that it restores from a snapshot, so such an actor would stay signed in for good. The fresh
 * actor judges the record by its own clock and tombstones. The function trusts the snapshot, so store it where only the
 * server can write.
 *
 * @param snapshot The result of `actor.getPersistedSnapshot()`, before or after JSON.
 * @returns The record, or null if the machine had reached no verdict and there is nothing to adopt.
 * @throws TypeError if it is not a snapshot of the auth machine.
 * @example
 * const record = toAdoptedSession(JSON.parse(stored))
 * if (record) actor.send({ type: 'session.adopted', record })
 */
export function toAdoptedSession(snapshot: unknown): AdoptedSession | null {
  if (!isObject(snapshot) || !isObject(snapshot['context']) || !('sessionId' in snapshot['context'])) {
    throw new TypeError('toAdoptedSession: snapshot must be what getPersistedSnapshot() of the auth machine gave')
  }
  const { context, value } = snapshot
  const proof = {
    userId: toText(context['userId']),
    sessionId: toText(context['sessionId']),
    issuedAt: toMoment(context['issuedAt']),
    expiresAt: toMoment(context['expiresAt']),
  }
  const isProven = Object.values(proof).every((part) => part !== null) && isObject(context['claims'])
  if (isProven) {
    const { claims, user, orgId } = context
    return {
      status: 'signedIn',
      ...proof,
      orgId: toText(orgId),
      claims: claims as AuthClaims,
      user: isObject(user) ? (user as unknown as AuthUser) : null,
    }
  }
  return value === 'signedOut' ? signedOutRecord : null
}

/** The record of a session that a verdict left signed out. */
export const signedOutRecord: AdoptedSession = {
  status: 'signedOut',
  claims: null,
  user: null,
  userId: null,
  sessionId: null,
  orgId: null,
  issuedAt: null,
  expiresAt: null,
}
