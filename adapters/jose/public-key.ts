import type { KeyObject } from 'node:crypto'
import { base64url, importSPKI } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { decodeBase64url } from './base64url.ts'
import { nodeCrypto } from './node-crypto.ts'
import { readPublicKeyPem, toPem } from './public-key-pem.ts'

/** An RSA public key: a `KeyObject` where there is node:crypto, and in other runtimes what jose takes. */
export type PublicKey = KeyObject | CryptoKey | JWK

/** Below 2048 bits RS256 is not allowed (RFC 7518 §3.3); far above it, one check costs a server milliseconds. */
const minModulusLength = 2_048
const maxModulusLength = 8_192
const publicExponent = 65_537n

/** Checks that a public key is one RS256 may be verified with; throws an `Error` that says why not. */
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
 * True for a key that node:crypto may verify RS256 with by itself. For what a source of the user's own gives, Node would
 * take the algorithm from the key: a key of another kind is left to jose, which refuses it.
 */
export function isNodeKey(key: PublicKey): key is KeyObject {
  if (!nodeCrypto || !(key instanceof nodeCrypto.KeyObject)) return false
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  return key.type === 'public' && key.asymmetricKeyType === 'rsa' && modulusLength >= minModulusLength
}

/** The modulus and exponent of an RSA public key, each as base64url in its shortest form: equal for equal keys. */
export interface RsaMembers {
  readonly n: string
  readonly e: string
}

/** The members of the RS256 key in a JWK (RFC 7517). Only public ones are read. Throws an `Error` that says why there are none. */
export function readRsaMembers(jwk: object): RsaMembers {
  const { kty, use, alg, key_ops: operations, n, e }: Readonly<Record<string, unknown>> = { ...jwk }
  if (kty !== 'RSA') throw new Error('not an RSA key')
  if (use !== undefined && use !== 'sig') throw new Error('not for signatures')
  if (alg !== undefined && alg !== 'RS256') throw new Error('not for RS256')
  if (Array.isArray(operations) && !operations.includes('verify')) throw new Error('not for verifying')
  if (typeof n !== 'string' || typeof e !== 'string') throw new Error('without modulus or exponent')
  return { n: toShortest(n), e: toShortest(e) }
}

/** The key of these members. Throws an `Error` that says why it may not be used. */
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

/** The key as jose takes it in any runtime: it imports a JWK once, as long as the JWK is the same frozen object. */
export function toPortableKey(n: string, e: string): JWK {
  requireStrength(toInteger(n).toString(2).length, toInteger(e))
  return Object.freeze({ kty: 'RSA', n, e })
}

/**
 * A Base64urlUInt (RFC 7518 §2) in its shortest form. Some servers add padding, or a zero byte in front, of which §6.3.1.1
 * warns. jose and Clerk's SDK take such keys on Node and not in browsers; here they count in every runtime.
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
 * The RS256 key in a PEM text (`-----BEGIN PUBLIC KEY-----`), in every shape that {@link readPublicKeyPem} reads. Throws
 * an `Error` that says why there is none; without node:crypto some of it is known only once the key was imported, so that
 * the promise rejects instead.
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
