import type { KeyObject } from 'node:crypto'
import { base64url, importSPKI, type CryptoKey, type JWK } from 'jose'
import { decodeBase64url } from './base64url.ts'
import { nodeCrypto } from './node-crypto.ts'
import { readPublicKeyPem, toPem } from './public-key-pem.ts'

/** An RSA public key: a `KeyObject` in a runtime with node:crypto, and in other runtimes a key that jose accepts. */
export type PublicKey = KeyObject | CryptoKey | JWK

/**
 * RS256 does not allow keys below 2048 bits (RFC 7518 §3.3). A key far above that costs a server milliseconds per
 * check.
 */
const minModulusLength = 2_048
const maxModulusLength = 8_192
const publicExponent = 65_537n

/**
 * Checks that a public key may verify RS256.
 *
 * @throws Error with the reason if it may not.
 */
function requireStrength(modulusLength: number, exponent: bigint | undefined) {
  if (modulusLength < minModulusLength) throw new Error(`weaker than ${minModulusLength} bits`)
  if (modulusLength > maxModulusLength) throw new Error(`longer than ${maxModulusLength} bits`)
  if (exponent !== publicExponent) throw new Error('its public exponent is not 65537')
}

function requireRs256Key(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new Error('not an RSA key')
  const { modulusLength = 0, publicExponent: exponent } = key.asymmetricKeyDetails ?? {}
  requireStrength(modulusLength, exponent)
  return key
}

/**
 * True for a key with which node:crypto may verify RS256 directly. A user's own key source may return any key, and Node
 * takes the algorithm from the key. Keys of another kind are therefore left to jose, which refuses them.
 */
export function isNodeKey(key: PublicKey): key is KeyObject {
  if (!nodeCrypto || !(key instanceof nodeCrypto.KeyObject)) return false
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  return key.type === 'public' && key.asymmetricKeyType === 'rsa' && modulusLength >= minModulusLength
}

/**
 * The modulus and exponent of an RSA public key, each as base64url in its shortest form, so that equal keys have equal
 * members.
 */
export interface RsaMembers {
  readonly n: string
  readonly e: string
}

/**
 * Returns the members of the RS256 key in a JWK (RFC 7517). It reads only public members.
 *
 * @throws Error with the reason if there is no such key.
 */
export function readRsaMembers(jwk: object): RsaMembers {
  const { kty, use, alg, key_ops: operations, n, e }: Readonly<Record<string, unknown>> = { ...jwk }
  if (kty !== 'RSA') throw new Error('not an RSA key')
  if (use !== undefined && use !== 'sig') throw new Error('not for signatures')
  if (alg !== undefined && alg !== 'RS256') throw new Error('not for RS256')
  if (Array.isArray(operations) && !operations.includes('verify')) throw new Error('not for verifying')
  if (typeof n !== 'string' || typeof e !== 'string') throw new Error('without modulus or exponent')
  return { n: toShortest(n), e: toShortest(e) }
}

/**
 * Returns the key with these members.
 *
 * @throws Error with the reason if it may not be used.
 */
export function toPublicKey({ n, e }: RsaMembers): PublicKey {
  if (!nodeCrypto) return toPortableKey(n, e)
  let key: KeyObject
  try {
    key = nodeCrypto.createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  } catch (cause) {
    throw new Error('not a readable RSA key', { cause })
  }
  return requireRs256Key(key)
}

/**
 * Returns the key as jose accepts it in any runtime. The JWK is frozen, because jose imports a JWK only once if it is
 * the same frozen object.
 */
export function toPortableKey(n: string, e: string): JWK {
  requireStrength(toInteger(n).toString(2).length, toInteger(e))
  return Object.freeze({ kty: 'RSA', n, e })
}

/**
 * Returns a Base64urlUInt (RFC 7518 §2) in its shortest form. Some servers add padding, or a leading zero byte, which
 * §6.3.1.1 warns of. jose and Clerk's SDK accept such keys on Node but not in browsers; this function accepts them in
 * every runtime.
 */
function toShortest(text: string): string {
  const bytes = toBytes(text.replace(/={1,2}$/, ''))
  const first = bytes.findIndex((byte) => byte !== 0)
  return base64url.encode(bytes.subarray(Math.max(first, 0)))
}

function toInteger(text: string): bigint {
  return BigInt(`0x${[...toBytes(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}

function toBytes(text: string): Uint8Array {
  const bytes = decodeBase64url(text)
  if (!bytes?.length) throw new Error('not a readable RSA key')
  return bytes
}

/**
 * Returns the RS256 key in a PEM text (`-----BEGIN PUBLIC KEY-----`), in every shape that {@link readPublicKeyPem}
 * accepts. Without node:crypto some errors are known only after the key was imported, so the promise rejects instead.
 *
 * @throws Error with the reason if there is no such key.
 */
export function toPublicKeyFromPem(pem: string): PublicKey | Promise<PublicKey> {
  if (typeof pem !== 'string') throw new Error('not a string')
  const text = toPem(readPublicKeyPem(pem))
  if (!nodeCrypto) return importPem(text)
  let key: KeyObject
  try {
    key = nodeCrypto.createPublicKey(text)
  } catch (cause) {
    throw new Error('not a readable PEM public key', { cause })
  }
  return requireRs256Key(key)
}

async function importPem(text: string): Promise<CryptoKey> {
  const key = await importSPKI(text, 'RS256')
  const { modulusLength, publicExponent: exponent } = key.algorithm as RsaKeyAlgorithm
  requireStrength(
    modulusLength,
    exponent.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
  )
  return key
}
