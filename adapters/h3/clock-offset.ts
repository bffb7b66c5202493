import { isAuthError } from '../../machines/auth-error.ts'
import { isBearerToken } from '../../machines/bearer-token.ts'
import { parseJws, parseMembers } from '../jose/parse-jws.ts'
import type { TokenVerifier } from '../jose/token-verifier.ts'

/** Tells by the tokens that come in how far this clock is from the one that issued them. */
export interface ClockOffset {
  /** The verifier, watched. */
  readonly verify: TokenVerifier
  /**
   * Ms: the shortest way that a token took lately, from its `iat` to here. Less than nothing, or far more than a few
   * seconds, means that the clocks differ. Null before the first token.
   */
  read(): number | null
}

/** A clock that was set right is believed after twice this long, ms. */
const span = 300_000

export function watchClockOffset(verify: TokenVerifier, clock: () => number): ClockOffset {
  let since = -Infinity
  let before = Infinity
  let least = Infinity

  function note(issuedAt: number) {
    if (Math.abs(clock() - since) >= span) {
      before = least
      least = Infinity
      since = clock()
    }
    least = Math.min(least, clock() - issuedAt)
  }

  const watched: typeof verify = Object.assign(
    async (...request: Parameters<TokenVerifier>) => {
      try {
        const session = await verify(...request)
        note(session.issuedAt)
        return session
      } catch (error) {
        if (isAuthError(error, 'token-expired') || isAuthError(error, 'token-not-active')) {
          const issuedAt = readIssuedAt(request[0])
          if (issuedAt !== null) note(issuedAt)
        }
        throw error
      }
    },
    { keys: verify.keys },
  )

  return {
    verify: watched,
    read() {
      const shortest = Math.min(least, before)
      return Number.isFinite(shortest) ? shortest : null
    },
  }
}

/** Of a token whose signature has verified: times are judged last. */
function readIssuedAt(token: unknown): number | null {
  const { iat } = parseMembers(parseJws(isBearerToken(token) ? token.reveal() : token).payload, 'payload')
  return typeof iat === 'number' ? iat * 1_000 : null
}
