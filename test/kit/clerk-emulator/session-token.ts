import { createSign, randomBytes, type KeyObject } from 'node:crypto'
import type { EmulatedSession } from './client-sessions.ts'
import type { Directory } from './directory.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import { organizationClaims } from './organization-claims.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * The signer of a token: the instance's current key, the key before the last rotation, a key that Clerk never published
 * (under the current `kid`), any other RSA key, or a function from the signing input to the signature segment (an HMAC,
 * `''`).
 */
export type TokenSigner =
  | 'current'
  | 'previous'
  | 'foreign'
  | KeyObject
  | ((signingInput: string) => Uint8Array | string)

/** Options of `mintToken`. Every claim and header field can be overridden; `undefined` leaves a field out. */
export interface MintTokenOptions {
  /**
   * Sets `sid`, `sub`, `act`, `sts`, `fva` and the organization. Default: no session; give `sub` and `sid` as claims
   * then.
   */
  session?: EmulatedSession
  /** Authorized party; `null` leaves the claim out. Default: the emulator's `appOrigin`. */
  azp?: string | null
  /** Seconds from `iat` to `exp`. Default: the emulator's `tokenTtl`. */
  ttl?: number
  /** The organization of the token; `null` for none. Default: the session's active organization. */
  orgId?: string | null
  /** The shape of the organization claims: 2 has `o`, 1 has `org_id`, `org_role`, `org_slug`. Default: 2. */
  version?: 1 | 2
  /** Merged over the claims. */
  claims?: Record<string, unknown>
  /** Merged over the header. */
  header?: Record<string, unknown>
  /**
   * The exact text of the payload instead of any claims: duplicate keys, `1e999`, text that is not JSON. Default: the
   * claims as JSON.
   */
  payload?: string
  /** Default: `current`. */
  key?: TokenSigner
}

export interface TokenMinter {
  mint(options?: MintTokenOptions): string
  /** Life of a token in seconds. Clerk's own tokens live for 60. */
  ttl: number
}

/** Creates Clerk session tokens, valid or invalid in any way that a test needs. */
export function createTokenMinter(parts: {
  clock: EmulatorClock
  keys: SigningKeys
  directory: Directory
  issuer: string
  appOrigin: string
  ttl: number
}): TokenMinter {
  const { clock, keys, directory, issuer, appOrigin } = parts
  const minter: TokenMinter = { ttl: parts.ttl, mint }

  function mint(options: MintTokenOptions = {}): string {
    const key = options.key ?? 'current'
    const kid = key === 'previous' ? keys.previous.kid : keys.current.kid
    const header = { alg: 'RS256', cat: 'cl_B7d4PD111AAA', kid, typ: 'JWT', ...options.header }
    const payload = options.payload ?? JSON.stringify(claimsOf(options))
    const signingInput = `${base64url(JSON.stringify(header))}.${base64url(payload)}`
    return `${signingInput}.${sign(signingInput, key)}`
  }

  function claimsOf({ session, azp = appOrigin, ttl = minter.ttl, orgId, version = 2, claims }: MintTokenOptions) {
    const now = clock.now()
    const iat = Math.floor(now / 1000)
    const organizationId = orgId === undefined ? session?.activeOrganizationId : orgId
    return {
      ...(azp === null ? {} : { azp }),
      exp: iat + ttl,
      iat,
      iss: issuer,
      jti: randomBytes(10).toString('hex'),
      nbf: iat - 10,
      ...(session && { sid: session.id, sub: session.userId, ...(session.actor && { act: session.actor }) }),
      ...(version === 2 && {
        fva: [session ? minutesBetween(session.createdAt, now) : 0, -1],
        sts: session?.status ?? 'active',
        v: 2,
      }),
      ...(organizationId && organizationClaims(directory, session?.userId, organizationId, version)),
      ...claims,
    }
  }

  function sign(signingInput: string, key: TokenSigner): string {
    if (typeof key === 'function') {
      const signature = key(signingInput)
      return typeof signature === 'string' ? signature : base64url(signature)
    }
    const privateKey = typeof key === 'string' ? keys[key].privateKey : key
    return createSign('RSA-SHA256').update(signingInput).sign(privateKey, 'base64url')
  }

  return minter
}

const base64url = (value: string | Uint8Array) => Buffer.from(value as string).toString('base64url')
const minutesBetween = (from: number, to: number) => Math.max(0, Math.floor((to - from) / 60_000))
