/** More ids than this at once are an attack; forgetting one costs its token another round, nothing else. */
const maxKids = 1_000

/**
 * Remembers for a while since which attempt to fetch the keys an unknown id is asked for, so that the next look-up can
 * tell: keys from a later attempt than that do not publish it; otherwise nobody knows yet. Attempts are counted rather
 * than timed, as a clock may stand still between two of them.
 */
export interface UnknownKids {
  /** Attempts that had started when this id was first asked for; `attempts`, where it is new or was forgotten. */
  askedAfter(kid: string, attempts: number): number
  forget(kid: string): void
}

export function createUnknownKids(options: {
  /** Monotonic, ms. */
  readonly now: () => number
  /** How long an id is remembered, ms. */
  readonly memory: number
}): UnknownKids {
  const { now, memory } = options
  // In the order in which they were first asked for.
  const asked = new Map<string, { readonly at: number; readonly after: number }>()
  return {
    askedAfter(kid, attempts) {
      const at = now()
      for (const [oldest, since] of asked) {
        if (at - since.at < memory && asked.size < maxKids) break
        asked.delete(oldest)
      }
      const first = asked.get(kid) ?? { at, after: attempts }
      asked.set(kid, first)
      return first.after
    },
    forget(kid) {
      asked.delete(kid)
    },
  }
}
