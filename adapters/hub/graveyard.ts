import type { Buriable } from '../../machines/auth-context.ts'
import type { Grave, SessionStore } from './session-store.ts'

/** A node's own copy of the tombstones: what every store answers `buried` from. */
export interface Graveyard {
  /** Keeps a grave, merged with the one of the same id. → what is kept now */
  add(grave: Grave): Grave
  /** True where a grave would add nothing to what is kept. */
  covers(grave: Grave): boolean
  find: SessionStore['buried']
  readonly size: number
}

/** How often the graves that may be forgotten are looked for, ms. */
const sweepEvery = 60_000

/** @param clock Epoch ms. */
export function createGraveyard(clock: () => number): Graveyard {
  const graves = new Map<string, Grave>()
  let nextSweep = -Infinity

  function sweep(now: number) {
    if (now < nextSweep) return
    nextSweep = now + sweepEvery
    for (const [key, { until }] of graves) if (until <= now) graves.delete(key)
  }

  return {
    add(grave) {
      sweep(clock())
      const key = toKey(grave.kind, grave.id)
      const known = graves.get(key)
      const merged = known ? mergeGraves(known, grave) : grave
      graves.set(key, merged)
      return merged
    },
    covers(grave) {
      const known = graves.get(toKey(grave.kind, grave.id))
      if (!known) return false
      const { until, clearedAt, revokedAt } = mergeGraves(known, grave)
      return until === known.until && clearedAt === known.clearedAt && revokedAt === known.revokedAt
    },
    find({ userId, sessionId, issuedAt }: Buriable) {
      const session = graves.get(toKey('session', sessionId))
      const user = graves.get(toKey('user', userId))
      if (session?.revokedAt !== undefined) return 'session-revoked'
      if (user?.revokedAt !== undefined && isNotAfter(issuedAt, user.revokedAt)) return 'session-revoked'
      return session?.clearedAt !== undefined && isNotAfter(issuedAt, session.clearedAt) ? 'token-superseded' : null
    },
    get size() {
      return graves.size
    },
  }
}

const toKey = (kind: Grave['kind'], id: string) => `${kind}:${id}`

const latest = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)

/** Clerk's `iat` is in whole seconds: of a token from the same second nobody knows whether it came before or after. */
const isNotAfter = (issuedAt: number, ended: number) => Math.floor(issuedAt / 1_000) <= Math.floor(ended / 1_000)

function mergeGraves(a: Grave, b: Grave): Grave {
  const clearedAt = latest(a.clearedAt, b.clearedAt)
  const revokedAt = latest(a.revokedAt, b.revokedAt)
  return {
    kind: a.kind,
    id: a.id,
    until: Math.max(a.until, b.until),
    ...(clearedAt !== undefined && { clearedAt }),
    ...(revokedAt !== undefined && { revokedAt }),
  }
}
