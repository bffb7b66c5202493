import { base64url } from 'jose'
import { nodeCrypto } from './node-crypto.ts'

/**
 * Decodes base64url as RFC 7515 §2 has it: no padding, no white space, no stray bits, so one text for one value.
 * undefined for any other text.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  // Where there is node:crypto there is its codec, several times as fast as one that is written for every runtime.
  if (nodeCrypto) {
    const bytes = Buffer.from(text, 'base64url')
    return isCanonical(text, bytes.length) ? bytes : undefined
  }
  try {
    const bytes = base64url.decode(text)
    return base64url.encode(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

/** The last character where one byte or two are left over: its 4 or 2 low bits belong to no byte. */
const lastOfTwo = 'AQgw'
const lastOfThree = 'AEIMQUYcgkosw048'

/**
 * Whether a text that `Buffer` decoded to so many bytes is the one that encodes them. `Buffer` skips what it does not
 * know, which leaves too few bytes; but it also knows the other alphabet, and beyond ASCII it looks at the low byte.
 */
function isCanonical(text: string, length: number): boolean {
  if (length !== (text.length * 3) >>> 2) return false
  if (text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length) return false
  const leftOver = text.length & 3
  if (leftOver === 0) return true
  return leftOver !== 1 && (leftOver === 2 ? lastOfTwo : lastOfThree).includes(text.charAt(text.length - 1))
}
