import { AuthError, isAuthError, toAuthError, type AuthErrorView } from '../../../machines/auth-error.ts'
import type { BearerToken } from '../../../machines/bearer-token.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import { andThen, orElse, type Eventual } from '../../eventual.ts'
import type { Logger } from '../../logger.ts'
import { createRefusalLog } from '../../refusal-log.ts'
import { toDigest } from '../cookies/secret-id.ts'
import type { HostCheck } from '../hosts/session-host.ts'
import type { LiveSession } from '../session/live-session.ts'

/** Verifies a token. With `refresh: false` it uses only the keys at hand. Throws, or rejects with, `AuthError`. */
export type VerifyToken = (
  token: BearerToken,
  options: { readonly signal: AbortSignal; readonly refresh?: boolean },
) => Eventual<VerifiedSession>

/** Passes tokens to the machines of their sessions, and remembers how their checks ended. */
export interface TokenChecks {
  /** Checks a token for a machine. */
  readonly check: (token: BearerToken, check: HostCheck) => Eventual<VerifiedSession>
  /** Notes a token that was verified already, so that its machine need not wait for that again. */
  know(token: BearerToken, verified: VerifiedSession): void
  /**
   * @returns the Clerk session that a token was verified to be of, even if the token was then refused; null if it was
   * not verified
   */
  sessionOf(token: BearerToken): string | null
  /** Has a session decide on a token. @returns the reason why it was not accepted, or null */
  decide(session: LiveSession, token: BearerToken, tab: string | undefined): Eventual<AuthError | null>
  /** Does the same for a session that nobody keeps, which needs no room. */
  judge(session: LiveSession, token: BearerToken): Eventual<AuthError | null>
}

export interface TokenChecksOptions {
  readonly verify: VerifyToken
  /** @returns a promise to wait for before a token of the session is judged, or null */
  readonly ready: (session: LiveSession) => Promise<unknown> | null
  /** Learns what the verdict on a verified token depends on. @returns null if there is nothing to wait for */
  readonly learn: (session: LiveSession, verified: VerifiedSession) => Promise<unknown> | null
  /** Makes room for the identity that a token names. @throws AuthError `too-many-sessions` */
  readonly reserve: (session: LiveSession, verified: VerifiedSession) => void
  readonly logger: Logger
}

export function createTokenChecks({ verify, ready, learn, reserve, logger }: TokenChecksOptions): TokenChecks {
  const owners = new WeakMap<BearerToken, LiveSession>()
  const outcomes = new WeakMap<BearerToken, VerifiedSession | AuthError>()
  const logRefusal = createRefusalLog(logger)

  function verified(token: BearerToken): VerifiedSession | null {
    const outcome = outcomes.get(token)
    return outcome && !isAuthError(outcome) ? outcome : null
  }

  function judge(session: LiveSession, token: BearerToken, tab?: string): Eventual<AuthError | null> {
    const digest = toDigest(token.reveal())
    if (isProvenBy(session, digest)) return null
    return andThen(session.submit(token, tab), ({ outcome, error }) => {
      const proof = verified(token)
      if (outcome === 'accepted' && proof) session.state.proof = { digest, claims: proof.claims }
      return error && toFailure(token, error)
    })
  }

  function toFailure(token: BearerToken, { code, message }: AuthErrorView): AuthError {
    // The verifier may know more than the machine was told, such as when to ask again.
    const failure = outcomes.get(token)
    if (isAuthError(failure, code)) return failure
    // The token was verified and the machine refused it, because of a tombstone or because its session has a pending
    // task.
    const refused = new AuthError(code, message)
    logRefusal(refused)
    return refused
  }

  function noteVerified(
    owner: LiveSession | undefined,
    token: BearerToken,
    check: HostCheck,
    session: VerifiedSession,
  ) {
    // A check must not reserve room after its machine has given it up, because nothing would give that room back.
    if (owner && session.status === 'active' && !check.isAborted) reserve(owner, session)
    outcomes.set(token, session)
    return session
  }

  function noteFailed(token: BearerToken, error: unknown): never {
    const failure = toAuthError(error)
    if (failure.code === 'internal') logger.error('token.check.failed', { error })
    if (failure.code === 'too-many-sessions') logRefusal(failure)
    outcomes.set(token, failure)
    throw failure
  }

  return {
    know: (token, session) => void outcomes.set(token, session),
    sessionOf: (token) => verified(token)?.sessionId ?? null,
    check(token, check) {
      const owner = owners.get(token)
      const verifyNow = () =>
        andThen(verified(token) ?? verify(token, check), (session) =>
          andThen(owner ? learn(owner, session) : null, () => noteVerified(owner, token, check, session)),
        )
      return andThen(owner ? ready(owner) : null, () => orElse(verifyNow, (error) => noteFailed(token, error)))
    },
    decide(session, token, tab) {
      owners.set(token, session)
      return judge(session, token, tab)
    },
    judge: (session, token) => judge(session, token),
  }
}

/** @returns true if the token is the one that already proves the session, so that there is nothing to check */
function isProvenBy(session: LiveSession, digest: string): boolean {
  const { proof } = session.state
  if (proof?.digest !== digest) return false
  const { isSignedIn, claims, error } = session.view()
  return isSignedIn && error === null && !session.isChecking && proof.claims === claims
}
