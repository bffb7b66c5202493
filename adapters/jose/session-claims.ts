import { AuthError } from '../../machines/auth-error.ts'
import type { AuthClaims, VerifiedSession } from '../../machines/verified-session.ts'
import type { ResolvedClaimsOptions } from './claims-options.ts'
import type { JwsHeader } from './parse-jws.ts'
import { refuseClaim, refuseParty } from './refuse-claim.ts'

/**
 * Clerk's `cat` for session tokens, and the one that some instances put on every token that has no category. JWT
 * templates (`cl_B7d4PD222AAA`) and machine tokens (`cl_B7d4PD333AAA`) have categories of their own.
 */
const sessionTokenCategories: ReadonlySet<unknown> = new Set(['cl_B7d4PD111AAA', 'cl_I7d4PD111III'])
/** The last moment that a `Date` can hold, in seconds. */
const maxNumericDate = 8.64e12
const maxIdLength = 256

/** Accepts only session tokens (RFC 8725 §3.11: tokens of one kind must not be taken for another). */
export function requireSessionTokenHeader({ typ, cat }: JwsHeader): void {
  if (typ !== undefined && typ !== 'JWT') throw refuseType('typ')
  if (cat !== undefined && !sessionTokenCategories.has(cat)) throw refuseType('cat')
}

const refuseType = (claim: 'typ' | 'cat') =>
  new AuthError('token-type', `The token is not a Clerk session token: the ${claim} of its header says so`, {
    refusal: { claim, remedy: 'send what getToken() gives: tokens of JWT templates and of machines do not count' },
  })

/** A date for which a token may be refused. */
export type UntimelyDate = 'exp' | 'nbf' | 'iat'

/** The part of a token's verdict that does not depend on the time. It is frozen, because it may be returned again. */
export interface Proof {
  readonly session: VerifiedSession
  /** `nbf` in ms. */
  readonly notBefore: number
}

/**
 * Checks the claims of a verified token, except for its dates. A session token always has `sub`, `sid`, `exp` and `nbf`
 * (Clerk docs, "Session tokens"). Call {@link toUntimely} afterwards, so that a token for another app is not reported
 * as merely expired.
 *
 * @param members Frozen at every depth.
 * @throws AuthError `token-claims`
 */
export function toProof(members: Readonly<Record<string, unknown>>, options: ResolvedClaimsOptions): Proof {
  const claims = members as AuthClaims
  const userId = requireId(claims, 'sub')
  const sessionId = requireId(claims, 'sid')
  const orgId = toOrgId(claims)
  const status = toStatus(claims)
  requireActor(claims)
  requireParties(claims, options)
  const expiresAt = requireMoment(claims, 'exp')
  const notBefore = requireMoment(claims, 'nbf')
  // If there is no `iat`, the earlier `nbf` replaces it, which only makes it more likely that a sign-out covers the
  // token.
  const issuedAt = claims.iat === undefined ? notBefore : requireMoment(claims, 'iat')
  return {
    session: Object.freeze({ status, userId, sessionId, orgId, claims, issuedAt, expiresAt }),
    notBefore,
  }
}

/**
 * Checks the dates of a token, which depend on the time. `now` is in epoch ms, `tolerance` in ms.
 *
 * @returns The date for which the token is refused at this moment, or null.
 */
export function toUntimely({ session, notBefore }: Proof, tolerance: number, now: number): UntimelyDate | null {
  const { issuedAt, expiresAt } = session
  if (!(now < expiresAt + tolerance)) return 'exp'
  if (!(now >= notBefore - tolerance)) return 'nbf'
  return now >= issuedAt - tolerance ? null : 'iat'
}

function requireParties(claims: AuthClaims, options: ResolvedClaimsOptions) {
  const { issuers, authorizedParties, audiences, requiredClaims, showsValues } = options
  requireParty(claims, 'iss', issuers, showsValues)
  requireParty(claims, 'azp', authorizedParties, showsValues)
  if (audiences) {
    const aud: unknown = claims['aud']
    const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
    const isNamed = named.some((audience) => typeof audience === 'string' && audiences.has(audience))
    if (!isNamed) throw refuseParty('aud', aud, audiences, showsValues)
  }
  for (const name of requiredClaims) {
    if (!Object.hasOwn(claims, name) || claims[name] === null) {
      throw refuseClaim(name, 'is missing', 'claims.requiredClaims asks for it')
    }
  }
}

/** Requires one string that is equal to an allowed value: no prefix, suffix, case folding or list. */
function requireParty(
  claims: AuthClaims,
  name: 'iss' | 'azp',
  allowed: ReadonlySet<string> | null,
  showsValues: boolean,
) {
  const party: unknown = claims[name]
  const isAllowed = party === undefined ? !allowed : typeof party === 'string' && (!allowed || allowed.has(party))
  if (!isAllowed) throw refuseParty(name, party, allowed, showsValues)
}

function requireId(claims: AuthClaims, name: 'sub' | 'sid'): string {
  const id: unknown = claims[name]
  if (typeof id !== 'string' || id === '' || id.length > maxIdLength) throw refuseClaim(name, 'is missing or no id')
  return id
}

/** Returns a NumericDate (RFC 7519 §2), which may have a fraction, in epoch ms. */
function requireMoment(claims: AuthClaims, name: 'exp' | 'nbf' | 'iat'): number {
  const seconds: unknown = claims[name]
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= maxNumericDate)) {
    throw refuseClaim(name, 'is missing or no date')
  }
  return Math.round(seconds * 1_000)
}

/** Returns the status of the session. Version 1 tokens have no `sts`, and their sessions are active. */
function toStatus({ sts }: AuthClaims): VerifiedSession['status'] {
  if (sts === undefined || sts === 'active') return 'active'
  if (sts === 'pending') return 'pending'
  throw refuseClaim('sts', 'is not allowed')
}

/**
 * Requires that a token with an actor names it (RFC 8693 section 4.1); otherwise it would look like the user's own
 * token.
 */
function requireActor(claims: AuthClaims): void {
  const actor: unknown = claims.act ?? null
  if (actor === null) return
  const sub: unknown = (actor as { sub?: unknown }).sub
  if (typeof sub !== 'string' || sub === '' || sub.length > maxIdLength) throw refuseClaim('act', 'names nobody')
}

/** Returns the active organization: `o.id` in version 2 tokens, `org_id` in version 1 tokens. */
function toOrgId(claims: AuthClaims): string | null {
  const organization: unknown = claims.o ?? null
  if (organization !== null && typeof organization !== 'object') throw refuseClaim('o', 'is not allowed')
  const orgId: unknown = organization === null ? (claims['org_id'] ?? null) : (organization as { id?: unknown }).id
  if (orgId !== null && (typeof orgId !== 'string' || orgId === ''))
    throw refuseClaim(organization === null ? 'org_id' : 'o', 'is not allowed')
  return orgId
}
