/** Which tokens were shown before, roughly: one that was is always known, and of the rest one in fifty seems to be at most. */
export interface TokenMarks {
  has(token: string): boolean
  /** → whether it seemed to be known already */
  add(token: string): boolean
  clear(): void
}

/** Characters at the end of a signature, which nobody chooses. */
const tailLength = 12
const slots = 524_288
/** Beyond this many, a set of its size would take too many new tokens for known ones. It starts anew then. */
const maxMarks = 10_000

/** One bit for each token: no text, no digest, nothing for the garbage collector. */
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
