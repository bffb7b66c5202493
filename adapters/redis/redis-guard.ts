import type { Grave, StoreGuard } from '../hub/session-store.ts'

/** The guards of the servers that use one store. What is genuine to one of them counts. */
export interface RedisGuard extends Pick<StoreGuard, 'isGenuine'> {
  add(guard: StoreGuard): void
}

/** Before there is a guard everything counts, as it does where the servers have no secret. */
export function createRedisGuard(): RedisGuard {
  const guards = new Set<StoreGuard>()

  return {
    add: (guard) => void guards.add(guard),
    isGenuine(grave) {
      const all = [...guards]
      const isGenuine = all.length === 0 || all.some((guard) => guard.isGenuine(grave))
      if (!isGenuine) all[0]!.noteFalse()
      return isGenuine
    },
  }
}

/** The tombstone in a text from Redis; null where it is none, since anybody may have written it. */
export function parseGrave(text: unknown): Grave | null {
  try {
    const grave = JSON.parse(String(text)) as Grave | null
    return grave && isGrave(grave) ? grave : null
  } catch {
    return null
  }
}

const isMoment = (moment: unknown) => moment === undefined || Number.isFinite(moment)

const isGrave = ({ kind, id, until, clearedAt, revokedAt }: Grave) =>
  (kind === 'session' || kind === 'user') &&
  typeof id === 'string' &&
  Number.isFinite(until) &&
  isMoment(clearedAt) &&
  isMoment(revokedAt)
