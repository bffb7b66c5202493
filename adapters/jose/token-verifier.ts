import { AuthError, isAuthError, toAuthError } from '../../machines/auth-error.ts'
import { isBearerToken } from '../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../machines/verified-session.ts'
import { andThen, orElse, type Eventual } from '../eventual.ts'
import { toLogger, type Logger } from '../logger.ts'
import { createOptionCheck } from '../option-check.ts'
import { createRefusalLog } from '../refusal-log.ts'
import { resolveClaimsOptions, type ClaimsOptions, type ResolvedClaimsOptions } from './claims-options.ts'
import { createClockWatch, type ClockReading } from './clock-watch.ts'
import { createKeySource, type KeyOptions, type KeySourceSettings } from './create-key-source.ts'
import { isKeySource, type GetKeyOptions, type KeySource } from './key-source.ts'
import { toFindKey } from './keys-at-hand.ts'
import { createHeaderReader, parseJws, parseMembers, requireTokenText } from './parse-jws.ts'
import type { PublicKey } from './public-key.ts'
import { refuseDate, withKid } from './refuse-token.ts'
import { createRememberedProofs, type RememberedProof } from './remembered-proofs.ts'
import { requireSessionTokenHeader, toProof, toUntimely, type Proof } from './session-claims.ts'
import { requireSignature } from './verify-jws.ts'

/** Options of {@link createTokenVerifier}. */
export interface TokenVerifierOptions {
  /** The signing keys: options of {@link createKeySource}, or your own source. */
  readonly keys: KeyOptions | KeySource
  /** Rules for the claims, merged over the defaults. */
  readonly claims?: ClaimsOptions
  /** The wall clock, epoch ms; default `Date.now`. */
  readonly clock?: () => number
  /**
   * Number of verified tokens to remember, each by its SHA-256 digest, until they expire or the keys change; default 10
   * 000, 0 for none. A token is remembered when it is shown a second time. From then on its signature is not verified
   * again, but its dates are, and `validate` is called again. A runtime without node:crypto remembers none.
   */
  readonly remember?: number
  /** Receives the inspection events of the machine that fetches the keys, like `inspect` of {@link createKeySource}. */
  readonly inspect?: KeySourceSettings['inspect']
  /** Receives warnings, such as one about claims that are not checked. Default: warnings and errors to the console. */
  readonly logger?: Partial<Logger>
}

/** Verifies one session token, given as a string or a `BearerToken`. It rejects only with `AuthError`. */
export interface TokenVerifier {
  (token: unknown, options?: GetKeyOptions): Promise<VerifiedSession>
  /**
   * Does the same without a promise if nothing has to be waited for: the key is at hand, the runtime has node:crypto,
   * and there is no `validate`. It throws, or rejects with, `AuthError`.
   */
  readonly atOnce: (token: unknown, options?: GetKeyOptions) => VerifiedSession | Promise<VerifiedSession>
  /** The keys in use. If you passed in a source, you have to close it. */
  readonly keys: KeySource
  /**
   * Checks claims that a token has proved before by the rules of this verifier, except for the dates. It returns a
   * promise if there is a `validate`. It throws, or rejects with, `AuthError`.
   */
  judge(claims: unknown): VerifiedSession | Promise<VerifiedSession>
  /**
   * Compares `clock` with Clerk's, by the tokens and by the answers of a key endpoint that the verifier itself calls.
   */
  readClock(): ClockReading
}

const check = createOptionCheck('createTokenVerifier: ')

/**
 * Creates a verifier of Clerk session tokens: strict parse, RS256, then the claims.
 *
 * It also resolves for Clerk's `pending` sessions, so check `status`. It rejects with one `AuthError` per reason. A
 * message contains nothing of the token; only outside production (`NODE_ENV`) it contains the value of an `iss`, `azp`
 * or `aud` that is not allowed, and the allowed values. The log says for each refusal which claim caused it and how to
 * fix it.
 *
 * @throws TypeError that names the option which cannot be used.
 * @example
 * const verify = createTokenVerifier({
 *   keys: { jwksUrl: 'https://clerk.example.com/.well-known/jwks.json' },
 *   claims: { issuer: 'https://clerk.example.com', authorizedParties: ['https://example.com'] },
 * })
 * const { userId } = await verify(token)
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { clock = Date.now, remember = 10_000 } = options
  check.requireClock(clock)
  const isCount = Number.isInteger(remember) && remember >= 0
  check.require('remember', isCount, 'must be a whole number of tokens, or 0')
  const claimsOptions = resolveClaimsOptions(options.claims)
  const { tolerance, validate } = claimsOptions
  const logger = toLogger(options.logger)
  const watch = createClockWatch({ clock, tolerance, logger })
  const keys = isKeySource(options.keys)
    ? options.keys
    : createKeySource(options.keys, { logger, inspect: options.inspect, onAnswer: (time) => watch.noteAnswer(time) })
  const findKey = toFindKey(keys)
  const readHeader = createHeaderReader()
  const proofs = createRememberedProofs({ size: remember, tolerance })
  const logRefusal = createRefusalLog(logger)
  warnOfOpenClaims(claimsOptions, logger)

  const getKey = (kid: string, keyOptions: GetKeyOptions | undefined, iss: unknown): Eventual<PublicKey> =>
    findKey(kid, iss) ?? keys.getKey(kid, keyOptions, iss)

  /** @returns The proof of a token, which holds at any time, and the key that verified it. */
  function prove(text: string, options: GetKeyOptions | undefined): Eventual<RememberedProof> {
    const jws = parseJws(text, readHeader)
    requireSessionTokenHeader(jws.header)
    const members = parseMembers(jws.payload, 'payload')
    const { kid } = jws.header
    if (kid === undefined) throw new AuthError('key-not-found', 'The token names no key')
    const proveBy = (key: PublicKey) =>
      andThen(requireSignature(jws, key), () => ({ kid, key, proof: toProof(members, claimsOptions) }))
    return orElse(
      () => andThen(getKey(kid, options, members['iss']), proveBy),
      (error) => {
        throw withKid(error, kid)
      },
    )
  }

  /** @returns A remembered proof if its key is still in use, else a new one. */
  function confirm(
    text: string,
    known: RememberedProof,
    options: GetKeyOptions | undefined,
  ): Eventual<RememberedProof> {
    return andThen(getKey(known.kid, options, known.proof.session.claims.iss), (key) => {
      if (key === known.key) return known
      proofs.forgetAll()
      return prove(text, options)
    })
  }

  function requireTimely(proof: Proof, now: number, isSent: boolean) {
    const { issuedAt, expiresAt } = proof.session
    const date = toUntimely(proof, tolerance, now)
    watch.noteToken(issuedAt, now, date === 'exp' && isSent)
    if (date === null) return
    const skew = watch.toldSkew(now)
    // A token that is old enough has expired by Clerk's clock too, so its error does not blame the clock.
    const isOld = skew !== null && now - skew >= expiresAt + tolerance
    throw refuseDate(date, isOld ? null : skew)
  }

  function verifyText(text: string, options: GetKeyOptions | undefined): Eventual<VerifiedSession> {
    const known = proofs.find(text)
    return andThen(known ? confirm(text, known, options) : prove(text, options), (proven) => {
      const { session } = proven.proof
      const now = clock()
      // A token that a request only carried along, such as one of a page's cookie, may be of any age.
      requireTimely(proven.proof, now, options?.refresh !== false)
      if (proven !== known) proofs.remember(text, proven, now)
      return andThen(validate && requireValid(session, validate), () => {
        logger.debug('token.accepted')
        return session
      })
    })
  }

  function atOnce(token: unknown, options?: GetKeyOptions): Eventual<VerifiedSession> {
    return orElse(
      // The length is checked first, so that a token which is too large is not digested or examined in any other way.
      () => verifyText(requireTokenText(isBearerToken(token) ? token.reveal() : token), options),
      (cause) => {
        const error = toAuthError(cause)
        logRefusal(error)
        throw error
      },
    )
  }

  const verify = async (token: unknown, options?: GetKeyOptions) => atOnce(token, options)

  function judge(claims: unknown): VerifiedSession | Promise<VerifiedSession> {
    if (typeof claims !== 'object' || claims === null) throw new AuthError('token-claims')
    const { session } = toProof(claims as Readonly<Record<string, unknown>>, claimsOptions)
    return validate ? requireValid(session, validate).then(() => session) : session
  }

  return Object.assign(verify, { atOnce, keys, judge, readClock: () => watch.read() })
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

/**
 * Without these options, tokens that the instance issued for another app are accepted (Clerk docs, "Manual JWT
 * verification").
 */
function warnOfOpenClaims({ issuers, authorizedParties }: ResolvedClaimsOptions, logger: Logger) {
  if (!issuers) logger.warn('claims.issuer.unset')
  if (!authorizedParties) logger.warn('claims.authorizedParties.unset')
}
