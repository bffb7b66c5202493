/**
 * A clock for an actor whose timers fire on command. The order of timers comes from a recording, because delays do not
 * give it.
 */
export interface ReplayClock {
  setTimeout(run: () => void): number
  clearTimeout(id: number): void
  /** Fires the nth armed timer, if there is one. */
  fire(index: number): void
}

export function createReplayClock(): ReplayClock {
  const timers = new Map<number, () => void>()
  let ids = 0

  return {
    setTimeout(run) {
      ids += 1
      timers.set(ids, run)
      return ids
    },
    clearTimeout: (id) => void timers.delete(id),
    fire(index) {
      const [id, run] = [...timers][index] ?? [0]
      timers.delete(id)
      run?.()
    },
  }
}
