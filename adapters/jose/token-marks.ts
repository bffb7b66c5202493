/**
 * Remembers roughly which tokens were shown before. A token that was shown is always known; of the others at most one
 * in fifty seems to be known.
 */
export interface TokenMarks {
  has(token: string): boolean
  /** @returns True if the token seemed to be known already. */
  add(token: string): boolean
  clear(): void
}

/** Number of characters at the end of a signature, which a sender cannot choose. */
const tailLength = 12
const slots = 524_288
/** With more marks than this, a set of its size would take too many new tokens for known ones, so it is cleared. */
const maxMarks = 10_000

/**
 * Creates a set with one bit for each token. It keeps no text and no digest, and it makes no work for the garbage
 * collector.
 */
export function createTokenMarks(): TokenMarks {
  const bits = new Uint8Array(slots / 8)
  let marks = 0
  const clear = () => {
    bits.fill(0)
    marks = 0
  }
  const isSet = (slot: number) => ((bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0
  return {
    has: (token) => isSet(toSlot(token)),
    add(token) {
      const slot = toSlot(token)
      if (isSet(slot)) return true
      if (++marks > maxMarks) clear()
      bits[slot >>> 3] = (bits[slot >>> 3] ?? 0) | (1 << (slot & 7))
      return false
    },
    clear,
  }
}

function toSlot(token: string): number {
  let sum = 0
  for (let at = Math.max(0, token.length - tailLength); at < token.length; at++) {
    sum = Math.imul(sum, 31) + token.charCodeAt(at)
  }
  return sum & (slots - 1)
}
