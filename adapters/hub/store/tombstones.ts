import type { ProvenIdentity } from '../../../machines/auth-context.ts'
import type { Tombstone, SessionStore } from './session-store.ts'

/** A node's own copy of the tombstones, from which every store answers `findTombstone`. */
export interface Tombstones {
  /** Keeps a tombstone, merged with the one of the same id. @returns the tombstone that is kept now */
  add(tombstone: Tombstone): Tombstone
  /** Tells if a tombstone is known already. @returns true if it would add nothing to what is kept */
  covers(tombstone: Tombstone): boolean
  /** Answers as `findTombstone` of a store does. */
  find: SessionStore['findTombstone']
  /** Lists the copy. @returns every tombstone that is kept, including those that may be forgotten */
  values(): Iterable<Tombstone>
  /** Forgets every tombstone. */
  clear(): void
  /** Number of tombstones in the copy. */
  readonly size: number
}

/** The least time between two removals of tombstones that may be forgotten, ms. */
const sweepEvery = 60_000

/**
 * Creates an empty copy.
 * @param clock Epoch ms.
 */
export function createTombstones(clock: () => number): Tombstones {
  const tombstones: Readonly<Record<Tombstone['kind'], Map<string, Tombstone>>> = {
    session: new Map(),
    user: new Map(),
  }
  let nextSweep = -Infinity

  function sweep(now: number) {
    if (now < nextSweep) return
    nextSweep = now + sweepEvery
    for (const byId of Object.values(tombstones)) {
      for (const [id, { until }] of byId) if (until <= now) byId.delete(id)
    }
  }

  return {
    add(tombstone) {
      sweep(clock())
      const byId = tombstones[tombstone.kind]
      const known = byId.get(tombstone.id)
      const merged = known ? mergeTombstones(known, tombstone) : tombstone
      byId.set(tombstone.id, merged)
      return merged
    },
    covers(tombstone) {
      const known = tombstones[tombstone.kind].get(tombstone.id)
      if (!known) return false
      const { until, clearedAt, revokedAt, reason } = mergeTombstones(known, tombstone)
      const isSame = until === known.until && clearedAt === known.clearedAt && revokedAt === known.revokedAt
      return isSame && reason === known.reason
    },
    find({ userId, sessionId, issuedAt }: ProvenIdentity) {
      const session = tombstones.session.get(sessionId)
      const user = tombstones.user.get(userId)
      if (session?.revokedAt !== undefined) return session.reason === 'lifetime' ? 'session-expired' : 'session-revoked'
      if (user?.revokedAt !== undefined && isNotAfter(issuedAt, user.revokedAt)) return 'session-revoked'
      return session?.clearedAt !== undefined && isNotAfter(issuedAt, session.clearedAt) ? 'token-superseded' : null
    },
    *values() {
      yield* tombstones.session.values()
      yield* tombstones.user.values()
    },
    clear() {
      for (const byId of Object.values(tombstones)) byId.clear()
    },
    get size() {
      return tombstones.session.size + tombstones.user.size
    },
  }
}

/**
 * Clerk's `iat` is in whole seconds, so a token from the same second may be from before or after the end. It counts as
 * from before.
 */
const isNotAfter = (issuedAt: number, ended: number) => Math.floor(issuedAt / 1_000) <= Math.floor(ended / 1_000)

/** @returns the one of two tombstones in which `moment` is later; its seal belongs to that moment */
const toLater = (a: Tombstone, b: Tombstone, moment: 'clearedAt' | 'revokedAt'): Tombstone =>
  (b[moment] ?? -Infinity) > (a[moment] ?? -Infinity) ? b : a

function mergeTombstones(a: Tombstone, b: Tombstone): Tombstone {
  const [cleared, revoked] = [toLater(a, b, 'clearedAt'), toLater(a, b, 'revokedAt')]
  const { clearedAt } = cleared
  const { revokedAt } = revoked
  // A revocation counts for more than the end of the lifetime, whichever came first.
  const isTimedOut = [a, b].every((each) => each.revokedAt === undefined || each.reason === 'lifetime')
  const seals = cleared.seals === revoked.seals ? cleared.seals : toSeals(cleared, revoked)
  return {
    kind: a.kind,
    id: a.id,
    until: Math.max(a.until, b.until),
    ...(clearedAt !== undefined && { clearedAt }),
    ...(revokedAt !== undefined && { revokedAt }),
    ...(revokedAt !== undefined && isTimedOut && { reason: 'lifetime' as const }),
    ...(seals && { seals }),
  }
}

function toSeals(cleared: Tombstone, revoked: Tombstone): Tombstone['seals'] {
  const [clearedAt, revokedAt] = [cleared.seals?.clearedAt, revoked.seals?.revokedAt]
  return { ...(clearedAt !== undefined && { clearedAt }), ...(revokedAt !== undefined && { revokedAt }) }
}
