import type { KeyObject } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import { AuthError } from '../../machines/auth-error.ts'
import { toKeySet } from './key-set.ts'
import type { Jwks, KeySet } from './key-set.ts'
import { parseJws } from './parse-jws.ts'
import type { JwsHeader, ParsedJws } from './parse-jws.ts'

/** A JWS whose signature verified. */
export interface VerifiedJws {
  readonly header: JwsHeader
  readonly payload: Uint8Array
}

/** The one step where a signature is checked. @throws AuthError `token-signature` */
export async function requireSignature({ compact }: ParsedJws, key: KeyObject): Promise<void> {
  try {
    await compactVerify(compact, key, { algorithms: ['RS256'] })
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw new AuthError('token-signature', undefined, { cause })
    throw new AuthError('internal', undefined, { cause })
  }
}

/** The key that a header names; where it names none, the only key there is (RFC 7515 §4.1.4 makes `kid` optional). */
function selectKey(keys: KeySet, kid: string | undefined): KeyObject {
  const key = kid === undefined && keys.size === 1 ? keys.values().next().value : kid && keys.get(kid)
  if (!key) throw new AuthError('key-not-found')
  return key
}

/**
 * The signature layer alone: strict parse, key selection by `kid`, RS256. It judges no claim and no `typ`, so use
 * {@link createTokenVerifier} for session tokens.
 *
 * @throws AuthError `token-too-large`, `token-malformed`, `token-algorithm`, `key-not-found` or `token-signature`.
 * @throws TypeError where `jwks` is not a key set.
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
