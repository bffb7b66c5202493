import { AuthError, isAuthError, toAuthError } from '../../machines/auth-error.ts'
import { isBearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import { toLogger } from '../logger.ts'
import type { Logger } from '../logger.ts'
import { createRefusalLog } from '../refusal-log.ts'
import { resolveClaimsOptions } from './claims-options.ts'
import type { ClaimsOptions, ResolvedClaimsOptions } from './claims-options.ts'
import { createClockWatch } from './clock-watch.ts'
import type { ClockReading } from './clock-watch.ts'
import { createKeySource } from './create-key-source.ts'
import { isKeySource } from './key-source.ts'
import type { KeyOptions, KeySourceSettings } from './create-key-source.ts'
import type { GetKeyOptions, KeySource } from './key-source.ts'
import { createHeaderReader, parseJws, parseMembers, requireTokenText } from './parse-jws.ts'
import { refuseDate, withKid } from './refuse-token.ts'
import { createRememberedProofs } from './remembered-proofs.ts'
import type { RememberedProof } from './remembered-proofs.ts'
import { requireSessionTokenHeader, toProof, toUntimely } from './session-claims.ts'
import type { Proof } from './session-claims.ts'
import { requireSignature } from './verify-jws.ts'

export interface TokenVerifierOptions {
  /** Where the signing keys are: options of {@link createKeySource}, or a source of your own making. */
  readonly keys: KeyOptions | KeySource
  /** What the claims must satisfy, merged over the defaults. */
  readonly claims?: ClaimsOptions
  /** The wall clock, epoch ms; default `Date.now`. */
  readonly clock?: () => number
  /**
   * How many verified tokens are remembered, each by its SHA-256 digest, until they expire or the keys change; default
   * 10 000, 0 for none. A token is remembered when it is shown a second time; from then on its signature is not verified
   * again. Its dates are, and `validate` is asked again. Where there is no node:crypto, none is remembered.
   */
  readonly remember?: number
  /** Sees the inspection events of the machine that fetches the keys, as `inspect` of {@link createKeySource}. */
  readonly inspect?: KeySourceSettings['inspect']
  readonly logger?: Partial<Logger>
}

/** Verifies one session token. Takes a string or a `BearerToken`; rejects only with `AuthError`. */
export interface TokenVerifier {
  (token: unknown, options?: GetKeyOptions): Promise<VerifiedSession>
  /** The keys in use. Those of a source that you passed in are yours to close. */
  readonly keys: KeySource
  /**
   * Judges claims that some token has proved before, by the rules of this verifier: everything but the dates. Where there is
   * a `validate`, it resolves. Throws, or rejects with, `AuthError`.
   */
  judge(claims: unknown): VerifiedSession | Promise<VerifiedSession>
  /** Compares `clock` with Clerk's, by the tokens and by the answers of a key endpoint that the verifier itself asks. */
  readClock(): ClockReading
}

/**
 * A verifier of Clerk session tokens: strict parse, RS256, then the claims.
 *
 * It resolves for Clerk's `pending` sessions too: look at `status`. It rejects with one `AuthError` per reason. A message
 * holds nothing of the token, but outside production (`NODE_ENV`) the value of an `iss`, `azp` or `aud` that is not
 * allowed, beside those that are. The log says of each refusal which claim it was and what mends it.
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
  const { clock = Date.now, remember = 10_000 } = options
  if (typeof clock !== 'function') throw new TypeError('createTokenVerifier: clock must be a function')
  if (!Number.isInteger(remember) || remember < 0) {
    throw new TypeError('createTokenVerifier: remember must be a whole number of tokens, or 0')
  }
  const claimsOptions = resolveClaimsOptions(options.claims)
  const { tolerance, validate } = claimsOptions
  const logger = toLogger(options.logger)
  const watch = createClockWatch({ clock, tolerance, logger })
  const keys = isKeySource(options.keys)
    ? options.keys
    : createKeySource(options.keys, { logger, inspect: options.inspect, onAnswer: (time) => watch.noteAnswer(time) })
  const readHeader = createHeaderReader()
  const proofs = createRememberedProofs({ size: remember, tolerance })
  const logRefusal = createRefusalLog(logger)
  warnOfOpenClaims(claimsOptions, logger)

  /** @returns the proof that a token gives at any time, and the key that verified it. */
  async function prove(text: string, options: GetKeyOptions | undefined): Promise<RememberedProof> {
    const jws = parseJws(text, readHeader)
    requireSessionTokenHeader(jws.header)
    const members = parseMembers(jws.payload, 'payload')
    const { kid } = jws.header
    if (kid === undefined) throw new AuthError('key-not-found', 'The token names no key')
    try {
      const key = await keys.getKey(kid, options)
      const check = requireSignature(jws, key)
      if (check) await check
      return { kid, key, proof: toProof(members, claimsOptions) }
    } catch (error) {
      throw withKid(error, kid)
    }
  }

  function requireTimely(proof: Proof, now: number, isSent: boolean) {
    const { issuedAt, expiresAt } = proof.session
    const date = toUntimely(proof, tolerance, now)
    watch.noteToken(issuedAt, now, date === 'exp' && isSent)
    if (date === null) return
    const skew = watch.toldSkew(now)
    // By Clerk's clock an old token has expired too.
    const isOld = skew !== null && now - skew >= expiresAt + tolerance
    throw refuseDate(date, isOld ? null : skew)
  }

  async function verify(token: unknown, options?: GetKeyOptions): Promise<VerifiedSession> {
    try {
      // Nothing that is too large is digested, or looked at in any other way.
      const text = requireTokenText(isBearerToken(token) ? token.reveal() : token)
      let known = proofs.find(text)
      if (known && (await keys.getKey(known.kid, options)) !== known.key) {
        proofs.forgetAll()
        known = undefined
      }
      const proven = known ?? (await prove(text, options))
      const { session } = proven.proof
      const now = clock()
      // A token that only came along, such as that of a page's cookie, may be of any age.
      requireTimely(proven.proof, now, options?.refresh !== false)
      if (!known) proofs.remember(text, proven, now)
      if (validate) await requireValid(session, validate)
      logger.debug('token.accepted')
      return session
    } catch (cause) {
      const error = toAuthError(cause)
      logRefusal(error)
      throw error
    }
  }

  function judge(claims: unknown): VerifiedSession | Promise<VerifiedSession> {
    if (typeof claims !== 'object' || claims === null) throw new AuthError('token-claims')
    const { session } = toProof(claims as Readonly<Record<string, unknown>>, claimsOptions)
    return validate ? requireValid(session, validate).then(() => session) : session
  }

  return Object.assign(verify, { keys, judge, readClock: () => watch.read() })
}

async function requireValid({ claims }: VerifiedSession, validate: NonNullable<ClaimsOptions['validate']>) {
  let verdict: boolean | void
  try {
    verdict = await validate(claims)
  } catch (cause) {
    if (isAuthError(cause)) throw cause
    throw refuseByRule(cause)
  }
  if (verdict === false) throw refuseByRule()
}

const refuseByRule = (cause?: unknown) =>
  new AuthError('token-claims', 'The claims of the token are not allowed', {
    cause,
    refusal: { remedy: 'claims.validate refused them' },
  })

/** Unset, these let in tokens that the instance minted for another app (Clerk docs, "Manual JWT verification"). */
function warnOfOpenClaims({ issuers, authorizedParties }: ResolvedClaimsOptions, logger: Logger) {
  if (!issuers) logger.warn('claims.issuer.unset')
  if (!authorizedParties) logger.warn('claims.authorizedParties.unset')
}
