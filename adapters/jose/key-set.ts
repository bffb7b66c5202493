import { readRsaMembers, toPublicKey, type PublicKey, type RsaMembers } from './public-key.ts'

/** RS256 public keys by key id. A key without an id is kept under `undefined`; only {@link verifyJws} uses it. */
export type KeySet = ReadonlyMap<string | undefined, PublicKey>

/** A JSON Web Key Set (RFC 7517 §5). */
export interface Jwks {
  /** The keys as JSON Web Keys. */
  readonly keys: readonly object[]
}

/** One entry that is not used, and the reason. */
export interface DroppedKey {
  readonly kid: string | undefined
  readonly reason: string
}

const maxKeys = 100
const maxKidLength = 256

/** True for a key id that a token may name: a string of 1 to 256 characters. */
export function isKid(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxKidLength
}

/**
 * Returns the usable keys of a JWKS. It drops entries that may not verify RS256. It also drops different keys with the
 * same id, because nothing tells which of them is meant. `onDropped` receives each dropped entry. The same key may be
 * listed more than once.
 *
 * @throws Error with the reason if the whole is not a key set or has more than 100 entries.
 */
export function toKeySet(jwks: unknown, onDropped: (dropped: DroppedKey) => void = () => {}): KeySet {
  const keys: unknown = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : undefined
  if (!Array.isArray(keys)) throw new Error('not a JSON Web Key Set')
  if (keys.length > maxKeys) throw new Error(`a key set of more than ${maxKeys} keys`)

  const usable = new Map<string | undefined, PublicKey>()
  const listed = new Map<string | undefined, RsaMembers>()
  const shared = new Set<string | undefined>()
  for (const jwk of keys as unknown[]) {
    const kid = toKid(jwk)
    try {
      const members = toMembers(jwk)
      const key = toPublicKey(members)
      const other = listed.get(kid)
      if (other && (other.n !== members.n || other.e !== members.e)) shared.add(kid)
      if (other) continue
      usable.set(kid, key)
      listed.set(kid, members)
    } catch (error) {
      onDropped({ kid, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const kid of shared) {
    usable.delete(kid)
    onDropped({ kid, reason: 'shares its key id with another key' })
  }
  return usable
}

/**
 * Does the same as {@link toKeySet} for a source in which tokens look up their keys.
 *
 * @throws Error also if no key has a usable id.
 */
export function requireKeySet(jwks: unknown, onDropped?: (dropped: DroppedKey) => void): KeySet {
  const keys = toKeySet(jwks, onDropped)
  if (![...keys.keys()].some(isKid)) throw new Error('a key set without a usable key')
  return keys
}

const toKid = (jwk: unknown): string | undefined =>
  typeof jwk === 'object' && jwk !== null && 'kid' in jwk && typeof jwk.kid === 'string' ? jwk.kid : undefined

function toMembers(jwk: unknown): RsaMembers {
  if (typeof jwk !== 'object' || jwk === null) throw new Error('not an object')
  if ('kid' in jwk && !isKid(jwk.kid)) throw new Error('without a usable key id')
  return readRsaMembers(jwk)
}
