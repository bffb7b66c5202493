export interface ShortCacheOptions<T> {
  readonly load: (key: string) => Promise<T>
  /** Milliseconds for which an answer is kept. */
  readonly keepFor: number
  /** Number of answers to keep at most; beyond it the oldest is dropped. */
  readonly most: number
  /** Epoch ms. */
  readonly clock: () => number
}

interface Entry<T> {
  readonly answer: Promise<T>
  /** Moment when the answer came, epoch ms; null while it is pending. */
  cameAt: number | null
}

/**
 * Creates a look-up that keeps its answers for a short time and that simultaneous callers share. It does not keep a
 * failure.
 */
export function createShortCache<T>(options: ShortCacheOptions<T>): (key: string) => Promise<T> {
  const { load, keepFor, most, clock } = options
  const entries = new Map<string, Entry<T>>()
  // A wall clock that jumps back must not keep an answer for ever.
  const isCurrent = ({ cameAt }: Entry<T>) => cameAt === null || Math.abs(clock() - cameAt) < keepFor

  function ask(key: string): Promise<T> {
    const entry: Entry<T> = { answer: load(key), cameAt: null }
    entries.delete(key)
    entries.set(key, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= most) break
      entries.delete(oldest)
    }
    entry.answer.then(
      () => (entry.cameAt = clock()),
      () => entries.get(key) === entry && entries.delete(key),
    )
    return entry.answer
  }

  return (key) => {
    const known = entries.get(key)
    return known && isCurrent(known) ? known.answer : ask(key)
  }
}
