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
    return bytes.toString('base64url') === text ? bytes : undefined
  }
  try {
    const bytes = base64url.decode(text)
    return base64url.encode(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
