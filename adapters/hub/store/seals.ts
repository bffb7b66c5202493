import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'
import { toCanonicalJson } from './canonical-json.ts'

/**
 * Message authentication codes for stored content, so that write access to the store is not enough to sign anybody in.
 */
export interface Seals {
  /** @returns the seal of content of one kind: 128 bits of HMAC-SHA256 as base64url, 22 characters */
  make(kind: string, content: unknown): string
  /** @returns true if a holder of one of the secrets has made the seal for exactly this kind and content */
  verify(kind: string, content: unknown, seal: unknown): boolean
}

/** RFC 2104 §5 allows a code to be cut to half its length. */
const sealBytes = 16
const sealLength = 22

/**
 * @param secrets The first secret makes seals, and all of them verify. To change the secret, put the new one in front
 * of the old one until everything that the old one sealed has expired.
 * @param scope The use of the seals. Seals of another scope do not count, even if the secret is the same.
 */
export function createSeals(secrets: readonly string[], scope: string): Seals {
  const keys = secrets.map((secret) => deriveKey(secret, scope))
  const toCode = (key: KeyObject, kind: string, content: unknown) =>
    createHmac('sha256', key)
      .update(`${kind}\n${toCanonicalJson(content)}`)
      .digest()
      .subarray(0, sealBytes)

  return {
    make: (kind, content) => toCode(keys[0]!, kind, content).toString('base64url'),
    verify(kind, content, seal) {
      if (typeof seal !== 'string' || seal.length !== sealLength) return false
      const code = Buffer.from(seal, 'base64url')
      return code.length === sealBytes && keys.some((key) => timingSafeEqual(toCode(key, kind, content), code))
    },
  }
}

/** HKDF-SHA256 (RFC 5869): the secret is used for nothing but deriving keys, and each scope has its own key. */
function deriveKey(secret: string, scope: string): KeyObject {
  const key = hkdfSync('sha256', secret, '', `authchart store seal v1 ${scope}`, 32)
  return createSecretKey(Buffer.from(key))
}
