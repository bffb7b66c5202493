import { setUnrefTimeout } from './unref-clock.ts'

/** A group of waits. Each ends after its own time, or all end together earlier. */
export interface Waits {
  /** Resolves after `ms` or when all are woken, and at once if `ms` is 0 or less. */
  readonly wait: (ms: number) => Promise<void>
  readonly wakeAll: () => void
}

export function createWaits(): Waits {
  const wakes = new Set<() => void>()
  return {
    wait(ms) {
      if (ms <= 0) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          wakes.delete(wake)
          resolve()
        }
        const timer = setUnrefTimeout(wake, ms)
        wakes.add(wake)
      })
    },
    wakeAll() {
      for (const wake of wakes) wake()
    },
  }
}
