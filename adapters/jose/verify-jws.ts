import { compactVerify, errors } from 'jose'
import { AuthError } from '../../machines/auth-error.ts'
import { toKeySet, type Jwks, type KeySet } from './key-set.ts'
import { nodeCrypto } from './node-crypto.ts'
import { maxTokenLength, parseJws, type JwsHeader, type ParsedJws } from './parse-jws.ts'
import { isNodeKey, type PublicKey } from './public-key.ts'

/** A JWS whose signature verified. */
export interface VerifiedJws {
  /** The protected header. */
  readonly header: JwsHeader
  /** The bytes of the payload. */
  readonly payload: Uint8Array
}

/**
 * A buffer for the signed part of a token, shared by all checks because each one ends before the next begins. It never
 * contains the signature, and therefore never a whole token.
 */
const signingInput = nodeCrypto && Buffer.allocUnsafeSlow(maxTokenLength)

/**
 * Checks a signature; this is the only place that does so. With Node's cryptography the check runs at once on this
 * thread, at half the cost of WebCrypto and its thread pool. Other runtimes use jose, which is also the reference.
 *
 * @returns A promise if jose checks, else undefined.
 * @throws AuthError `token-signature`
 */
export function requireSignature(jws: ParsedJws, key: PublicKey): Promise<void> | undefined {
  if (!nodeCrypto || !signingInput || !isNodeKey(key)) return requireSignatureWithJose(jws, key)
  const { compact, signature } = jws
  const length = signingInput.write(compact, 0, compact.lastIndexOf('.'), 'latin1')
  if (!nodeCrypto.verify('sha256', signingInput.subarray(0, length), key, signature)) {
    throw new AuthError('token-signature')
  }
  return undefined
}

async function requireSignatureWithJose({ compact }: ParsedJws, key: PublicKey): Promise<void> {
  try {
    await compactVerify(compact, key, { algorithms: ['RS256'] })
  } catch (cause) {
    // Any other error means that the key cannot verify RS256 or that the runtime failed, so the token is not at fault.
    if (cause instanceof errors.JWSSignatureVerificationFailed)
      throw new AuthError('token-signature', undefined, { cause })
    throw new AuthError('internal', undefined, { cause })
  }
}

/**
 * Returns the key that a header names, or the only key if the header names none (RFC 7515 §4.1.4 makes `kid` optional).
 */
function selectKey(keys: KeySet, kid: string | undefined): PublicKey {
  const key = kid === undefined && keys.size === 1 ? keys.values().next().value : kid && keys.get(kid)
  if (!key) throw new AuthError('key-not-found')
  return key
}

/**
 * Verifies only the signature: strict parse, key selection by `kid`, RS256. It checks no claim and no `typ`, so use
 * {@link createTokenVerifier} for session tokens.
 *
 * @throws AuthError `token-too-large`, `token-malformed`, `token-algorithm`, `key-not-found` or `token-signature`.
 * @throws TypeError if `jwks` is not a key set.
 *
 * @example const { payload } = await verifyJws(compact, { jwks: { keys: [publicJwk] } })
 */
export async function verifyJws(compact: string, options: { readonly jwks: Jwks }): Promise<VerifiedJws> {
  const jws = parseJws(compact)
  let keys: KeySet
  try {
    keys = toKeySet(options.jwks)
  } catch (cause) {
    throw new TypeError(`verifyJws: jwks is ${cause instanceof Error ? cause.message : 'unusable'}`, { cause })
  }
  await requireSignature(jws, selectKey(keys, jws.header.kid))
  return { header: jws.header, payload: jws.payload }
}
