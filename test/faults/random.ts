/** Random numbers from one seed. The same seed gives the same run on every machine. */
export interface Random {
  /** A number in [0, 1). */
  (): number
  /** A whole number from 0 up to `below`. */
  below(below: number): number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  /** True with the given probability. */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
}

/** The generator is mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return Object.assign(next, {
    below,
    between: (least: number, most: number) => least + below(most - least + 1),
    chance: (probability: number) => next() < probability,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
  })
}

/**
 * Returns the seed of case `index` of a run. The first case has the seed of the run itself, so a case is replayed
 * with `--seed … --cases 1`.
 */
export function toCaseSeed(seed: number, index: number): number {
  return (index === 0 ? seed : Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) + Math.imul(index, 0x85ebca6b)) >>> 0
}
