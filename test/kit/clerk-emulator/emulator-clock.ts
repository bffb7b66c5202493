/** The clock of minted tokens and of every resource's timestamps. */
export interface EmulatorClock {
  /** Milliseconds since the epoch, including the skew. */
  now(): number
  /**
   * Sets the clock to `milliseconds` ahead of its source, or behind it if negative. The value is absolute: `skew(0)`
   * undoes it.
   */
  skew(milliseconds: number): void
}

export function createEmulatorClock(source: () => number): EmulatorClock {
  let offset = 0
  return {
    now: () => source() + offset,
    skew(milliseconds) {
      if (!Number.isFinite(milliseconds)) throw new TypeError('skewClock: milliseconds must be a finite number')
      offset = milliseconds
    },
  }
}
