import type { StoreGuard } from './session-store.ts'

/** The guards of the servers that use one store. What is genuine to one of them counts. */
export interface Guards extends Pick<StoreGuard, 'isGenuine'> {
  add(guard: StoreGuard): void
}

/** Before there is a guard everything counts, as it does where the servers have no secret. */
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
