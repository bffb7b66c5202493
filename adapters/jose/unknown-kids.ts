/** The most ids to remember. More at once are an attack, and forgetting one only costs its token another round. */
const maxKids = 1_000

/**
 * Remembers for a while after which attempt to fetch keys an unknown id was first asked for. Keys from a later attempt
 * that lack the id show that it is not published; until then this is unknown. Attempts are counted rather than timed,
 * because a clock may not advance between two of them.
 */
export interface UnknownKids {
  /**
   * Returns the number of attempts that had started when this id was first asked for, or `attempts` if the id is new or
   * was forgotten.
   */
  askedAfter(kid: string, attempts: number): number
  forget(kid: string): void
}

export function createUnknownKids(options: {
  /** Monotonic, ms. */
  readonly now: () => number
  /** Time for which an id is remembered, ms. */
  readonly memory: number
}): UnknownKids {
  const { now, memory } = options
  // The ids in the order in which they were first asked for.
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
