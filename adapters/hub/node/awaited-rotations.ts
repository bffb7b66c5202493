/** The cookies with which requests wait for a sign-in that may come to another node. */
export interface AwaitedRotations {
  /** @returns True if a request waits with this cookie */
  has(alias: string): boolean
  /** Waits until a cookie is replaced. `next` resolves with the alias that replaces it. */
  wait(alias: string): AwaitedRotation
  /** Notes that a node has replaced a cookie. */
  tell(from: string, to: string): void
}

export interface AwaitedRotation {
  readonly next: Promise<string>
  /** Ends the wait. */
  readonly end: () => void
}

export function createAwaitedRotations(): AwaitedRotations {
  const waiting = new Map<string, Set<(to: string) => void>>()

  return {
    has: (alias) => waiting.has(alias),
    wait(alias) {
      const waiters = waiting.get(alias) ?? new Set()
      waiting.set(alias, waiters)
      let wake: (to: string) => void = () => {}
      const next = new Promise<string>((resolve) => {
        wake = resolve
      })
      waiters.add(wake)
      const end = () => {
        waiters.delete(wake)
        if (waiters.size === 0 && waiting.get(alias) === waiters) waiting.delete(alias)
      }
      return { next, end }
    },
    tell(from, to) {
      for (const wake of waiting.get(from) ?? []) wake(to)
    },
  }
}
