import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** Below 2048 bits RS256 is not allowed (RFC 7518 §3.3); far above it, one check costs a server milliseconds. */
const minModulusLength = 2_048
const maxModulusLength = 8_192

/** Checks that a public key is one RS256 may be verified with; throws an `Error` that says why not. */
function requireRs256Key(key: KeyObject): KeyObject {
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa') throw new Error('not an RSA key')
  if (modulusLength < minModulusLength) throw new Error(`weaker than ${minModulusLength} bits`)
  if (modulusLength > maxModulusLength) throw new Error(`longer than ${maxModulusLength} bits`)
  if (publicExponent !== 65_537n) throw new Error('its public exponent is not 65537')
  return key
}

/** The RS256 key in a JWK (RFC 7517). Only its public members are read. Throws an `Error` that says why there is none. */
export function toPublicKey(jwk: object): KeyObject {
  const { kty, use, alg, key_ops: operations, n, e }: Readonly<Record<string, unknown>> = { ...jwk }
  if (kty !== 'RSA') throw new Error('not an RSA key')
  if (use !== undefined && use !== 'sig') throw new Error('not for signatures')
  if (alg !== undefined && alg !== 'RS256') throw new Error('not for RS256')
  if (Array.isArray(operations) && !operations.includes('verify')) throw new Error('not for verifying')
  if (typeof n !== 'string' || typeof e !== 'string') throw new Error('without modulus or exponent')
  let key: KeyObject
  try {
    key = createPublicKey({ key: { kty, n, e }, format: 'jwk' })
  } catch (cause) {
    throw new Error('not a readable RSA key', { cause })
  }
  return requireRs256Key(key)
}

/**
 * The RS256 key in a PEM text (`-----BEGIN PUBLIC KEY-----`). Line breaks may be written `\n`, as they are in
 * environment variables. Throws an `Error` that says why there is none.
 */
export function toPublicKeyFromPem(pem: string): KeyObject {
  if (typeof pem !== 'string') throw new Error('not a string')
  const text = pem.trim().replaceAll('\\n', '\n')
  // `createPublicKey` would also take a private key, and a secret has no business here.
  if (!text.startsWith('-----BEGIN PUBLIC KEY-----')) throw new Error('not a PEM public key')
  let key: KeyObject
  try {
    key = createPublicKey(text)
  } catch (cause) {
    throw new Error('not a readable PEM public key', { cause })
  }
  return requireRs256Key(key)
}
