import { AuthError, isAuthError, toAuthError } from '../../machines/auth-error.ts'
import { isBearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import { toLogger } from '../logger.ts'
import type { Logger } from '../logger.ts'
import { resolveClaimsOptions } from './claims-options.ts'
import type { ClaimsOptions, ResolvedClaimsOptions } from './claims-options.ts'
import { createKeySource, isKeySource } from './key-source.ts'
import type { GetKeyOptions, KeyOptions, KeySource } from './key-source.ts'
import { parseJws, parseMembers } from './parse-jws.ts'
import { requireSessionTokenHeader, toVerifiedSession } from './session-claims.ts'
import { requireSignature } from './verify-jws.ts'

export interface TokenVerifierOptions {
  /** Where the signing keys are: options of {@link createKeySource}, or a source of your own making. */
  readonly keys: KeyOptions | KeySource
  /** What the claims must satisfy, merged over the defaults. */
  readonly claims?: ClaimsOptions
  /** The wall clock, epoch ms; default `Date.now`. */
  readonly clock?: () => number
  readonly logger?: Partial<Logger>
}

/** Verifies one session token. Takes a string or a `BearerToken`; rejects only with `AuthError`. */
export interface TokenVerifier {
  (token: unknown, options?: GetKeyOptions): Promise<VerifiedSession>
  /** The keys in use. Those of a source that you passed in are yours to close. */
  readonly keys: KeySource
}

/**
 * A verifier of Clerk session tokens: strict parse, RS256, then the claims.
 *
 * It resolves for Clerk's `pending` sessions too: look at `status`. It rejects with one `AuthError` per reason, whose
 * message holds neither the token nor a value out of it.
 *
 * @throws TypeError naming the option that cannot be used.
 * @example
 * const verify = createTokenVerifier({
 *   keys: { jwksUrl: 'https://clerk.example.com/.well-known/jwks.json' },
 *   claims: { issuer: 'https://clerk.example.com', authorizedParties: ['https://example.com'] },
 * })
 * const { userId } = await verify(token)
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { clock = Date.now } = options
  if (typeof clock !== 'function') throw new TypeError('createTokenVerifier: clock must be a function')
  const claimsOptions = resolveClaimsOptions(options.claims)
  const keys = isKeySource(options.keys) ? options.keys : createKeySource(options.keys, { logger: options.logger })
  warnOfOpenClaims(claimsOptions, toLogger(options.logger))

  async function verify(token: unknown, options?: GetKeyOptions): Promise<VerifiedSession> {
    try {
      const jws = parseJws(isBearerToken(token) ? token.reveal() : token)
      requireSessionTokenHeader(jws.header)
      const members = parseMembers(jws.payload, 'payload')
      if (jws.header.kid === undefined) throw new AuthError('key-not-found', 'The token names no key')
      await requireSignature(jws, await keys.getKey(jws.header.kid, options))
      const session = toVerifiedSession(members, claimsOptions, clock())
      await requireValid(session, claimsOptions)
      return session
    } catch (error) {
      throw toAuthError(error)
    }
  }
  return Object.assign(verify, { keys })
}

async function requireValid({ claims }: VerifiedSession, { validate }: ResolvedClaimsOptions): Promise<void> {
  let verdict: boolean | void
  try {
    verdict = await validate?.(claims)
  } catch (cause) {
    if (isAuthError(cause)) throw cause
    throw new AuthError('token-claims', 'The claims of the token are not allowed', { cause })
  }
  if (verdict === false) throw new AuthError('token-claims', 'The claims of the token are not allowed')
}

/** Unset, these let in tokens that the instance minted for another app (Clerk docs, "Manual JWT verification"). */
function warnOfOpenClaims({ issuers, authorizedParties }: ResolvedClaimsOptions, logger: Logger) {
  if (!issuers) logger.warn('claims.issuer.unset')
  if (!authorizedParties) logger.warn('claims.authorizedParties.unset')
}
