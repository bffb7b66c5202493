import type { StoreGuard } from './session-store.ts'

/** The guards of the servers that use one store. A tombstone counts if it is genuine to one of them. */
export interface Guards extends Pick<StoreGuard, 'isGenuine'> {
  /** Adds the guard of one more server. */
  add(guard: StoreGuard): void
}

/** Without a guard every tombstone counts, because servers without a secret add none. */
export function createGuards(): Guards {
  const guards = new Set<StoreGuard>()

  return {
    add: (guard) => void guards.add(guard),
    isGenuine(tombstone) {
      const all = [...guards]
      const isGenuine = all.length === 0 || all.some((guard) => guard.isGenuine(tombstone))
      if (!isGenuine) all[0]!.noteFalse()
      return isGenuine
    },
  }
}
