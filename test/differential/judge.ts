import { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from '../../adapters/jose/index.ts'
import { isAuthError, type VerifiedSession } from '../../machines/index.ts'
import type { VerifierOptions } from './generated-token.ts'

/** The accepted session, or the reason for the refusal. */
export interface Verdict<Accepted> {
  readonly accepted?: Accepted
  readonly refusal?: string
}

/**
 * Creates a judge of tokens.
 *
 * @returns a judge with one verifier for all cases with the same options
 */
export function createJudge(options: TokenVerifierOptions) {
  const verifiers = new Map<string, TokenVerifier>()
  return async (token: unknown, claims: VerifierOptions): Promise<Verdict<VerifiedSession>> => {
    const name = JSON.stringify(claims)
    const verify = verifiers.get(name) ?? createTokenVerifier({ logger: {}, ...options, claims })
    verifiers.set(name, verify)
    try {
      return { accepted: await verify(token) }
    } catch (error) {
      if (!isAuthError(error) || error.code === 'internal') throw error
      return { refusal: error.code }
    }
  }
}
