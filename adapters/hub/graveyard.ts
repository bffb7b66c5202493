import type { Buriable } from '../../machines/auth-context.ts'
import type { Grave, SessionStore } from './session-store.ts'

/** A node's own copy of the tombstones: what every store answers `buried` from. */
export interface Graveyard {
  /** Keeps a grave, merged with the one of the same id. → what is kept now */
  add(grave: Grave): Grave
  /** True where a grave would add nothing to what is kept. */
  covers(grave: Grave): boolean
  find: SessionStore['buried']
  /** @returns every grave that is kept, those included that may be forgotten */
  values(): Iterable<Grave>
  /** Forgets every grave. */
  clear(): void
  readonly size: number
}

/** How often the graves that may be forgotten are looked for, ms. */
const sweepEvery = 60_000

/** @param clock Epoch ms. */
export function createGraveyard(clock: () => number): Graveyard {
  const graves: Readonly<Record<Grave['kind'], Map<string, Grave>>> = { session: new Map(), user: new Map() }
  let nextSweep = -Infinity

  function sweep(now: number) {
    if (now < nextSweep) return
    nextSweep = now + sweepEvery
    for (const byId of Object.values(graves)) {
      for (const [id, { until }] of byId) if (until <= now) byId.delete(id)
    }
  }

  return {
    add(grave) {
      sweep(clock())
      const byId = graves[grave.kind]
      const known = byId.get(grave.id)
      const merged = known ? mergeGraves(known, grave) : grave
      byId.set(grave.id, merged)
      return merged
    },
    covers(grave) {
      const known = graves[grave.kind].get(grave.id)
      if (!known) return false
      const { until, clearedAt, revokedAt } = mergeGraves(known, grave)
      return until === known.until && clearedAt === known.clearedAt && revokedAt === known.revokedAt
    },
    find({ userId, sessionId, issuedAt }: Buriable) {
      const session = graves.session.get(sessionId)
      const user = graves.user.get(userId)
      if (session?.revokedAt !== undefined) return 'session-revoked'
      if (user?.revokedAt !== undefined && isNotAfter(issuedAt, user.revokedAt)) return 'session-revoked'
      return session?.clearedAt !== undefined && isNotAfter(issuedAt, session.clearedAt) ? 'token-superseded' : null
    },
    *values() {
      yield* graves.session.values()
      yield* graves.user.values()
    },
    clear() {
      for (const byId of Object.values(graves)) byId.clear()
    },
    get size() {
      return graves.session.size + graves.user.size
    },
  }
}

/** Clerk's `iat` is in whole seconds: of a token from the same second nobody knows whether it came before or after. */
const isNotAfter = (issuedAt: number, ended: number) => Math.floor(issuedAt / 1_000) <= Math.floor(ended / 1_000)

/** The grave of two that has the later of a moment, with its seal. */
const toLater = (a: Grave, b: Grave, moment: 'clearedAt' | 'revokedAt'): Grave =>
  (b[moment] ?? -Infinity) > (a[moment] ?? -Infinity) ? b : a

function mergeGraves(a: Grave, b: Grave): Grave {
  const [cleared, revoked] = [toLater(a, b, 'clearedAt'), toLater(a, b, 'revokedAt')]
  const { clearedAt } = cleared
  const { revokedAt } = revoked
  const seals = cleared.seals === revoked.seals ? cleared.seals : toSeals(cleared, revoked)
  return {
    kind: a.kind,
    id: a.id,
    until: Math.max(a.until, b.until),
    ...(clearedAt !== undefined && { clearedAt }),
    ...(revokedAt !== undefined && { revokedAt }),
    ...(seals && { seals }),
  }
}

function toSeals(cleared: Grave, revoked: Grave): Grave['seals'] {
  const [clearedAt, revokedAt] = [cleared.seals?.clearedAt, revoked.seals?.revokedAt]
  return { ...(clearedAt !== undefined && { clearedAt }), ...(revokedAt !== undefined && { revokedAt }) }
}
