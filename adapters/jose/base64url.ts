import { base64url } from 'jose'
import { nodeCrypto } from './node-crypto.ts'

/**
 * Decodes base64url strictly by RFC 7515 §2: no padding, no white space and no stray bits, so that every value has only
 * one text.
 *
 * @returns The bytes, or undefined for any other text.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  // A runtime with node:crypto also has Node's codec, which is several times as fast as a portable one.
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

/**
 * The allowed last characters of a text whose last group encodes one byte or two bytes. Their 4 or 2 low bits are zero,
 * because they belong to no byte.
 */
const lastOfTwo = 'AQgw'
const lastOfThree = 'AEIMQUYcgkosw048'

/**
 * True if a text that `Buffer` decoded to this many bytes is the canonical encoding of them. `Buffer` skips unknown
 * characters, which leaves too few bytes. But it also accepts the other base64 alphabet, and of a character beyond
 * ASCII it reads the low byte.
 */
function isCanonical(text: string, length: number): boolean {
  if (length !== (text.length * 3) >>> 2) return false
  if (text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length) return false
  const leftOver = text.length & 3
  if (leftOver === 0) return true
  return leftOver !== 1 && (leftOver === 2 ? lastOfTwo : lastOfThree).includes(text.charAt(text.length - 1))
}
