/** Which tokens were shown before, roughly: one that was is always known, and of the rest one in a dozen seems to be. */
export interface TokenMarks {
  has(token: string): boolean
  add(token: string): void
  clear(): void
}

/** Characters at the end of a signature, which nobody chooses. */
const tailLength = 12
const slots = 131_072
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
  return {
    has(token) {
      const slot = toSlot(token)
      return ((bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0
    },
    add(token) {
      if (++marks > maxMarks) clear()
      const slot = toSlot(token)
      bits[slot >>> 3] = (bits[slot >>> 3] ?? 0) | (1 << (slot & 7))
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
