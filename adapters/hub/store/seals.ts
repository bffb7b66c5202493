import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { toCanonicalJson } from './canonical-json.ts'

/** Message authentication codes over what a store keeps, so that who can write there still cannot sign anybody in. */
export interface Seals {
  /** The seal of a content of one kind: 128 bits of HMAC-SHA256 as base64url, 22 characters. */
  make(kind: string, content: unknown): string
  /** True where a holder of one of the secrets has made the seal for this very kind and content. */
  verify(kind: string, content: unknown, seal: unknown): boolean
}

/** RFC 2104 §5 allows for a code cut to half its length. */
const sealBytes = 16
const sealLength = 22

/**
 * @param secrets The first one makes seals, all of them verify: a new one is put in front of the old one until what the old
 * one sealed has ended.
 * @param scope What the seals are for: those of another scope do not count, though the secret is the same.
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

/** HKDF-SHA256 (RFC 5869): the secret itself is used for nothing here, and the name of the use is part of the key. */
function deriveKey(secret: string, scope: string): KeyObject {
  const key = hkdfSync('sha256', secret, '', `authchart store seal v1 ${scope}`, 32)
  return createSecretKey(Buffer.from(key))
}
