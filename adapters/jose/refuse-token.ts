import { AuthError, isAuthError } from '../../machines/auth-error.ts'
import type { UntimelyDate } from './session-claims.ts'
import { toShownValue } from './shown-value.ts'

const untimely: Readonly<
  Record<UntimelyDate, { readonly code: 'token-expired' | 'token-not-active'; readonly text: string }>
> = {
  exp: { code: 'token-expired', text: 'The token has expired' },
  nbf: { code: 'token-not-active', text: 'The token is not active yet' },
  iat: { code: 'token-not-active', text: 'The token was issued in the future' },
}

/**
 * Makes the error that refuses a token because of one of its dates. `skew` is the number of ms by which the server's
 * clock is ahead of Clerk's, or null if the clock is right.
 */
export function refuseDate(claim: UntimelyDate, skew: number | null): AuthError {
  const { code, text } = untimely[claim]
  if (skew === null || skew > 0 !== (claim === 'exp')) return new AuthError(code, text, { refusal: { claim } })
  const seconds = Math.round(skew / 1_000)
  const remedy = `the server's clock seems to be ${Math.abs(seconds)} s ${skew > 0 ? 'ahead of' : 'behind'} Clerk's`
  return new AuthError(code, `${text}: ${remedy}`, {
    refusal: { claim, skew: seconds, remedy: `${remedy}: set it by NTP` },
  })
}

const mixedKeys = 'keys of two Clerk instances may be mixed: check CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY'
const wrongKey = 'keys of two Clerk instances may be mixed: check CLERK_JWT_KEY and CLERK_PUBLISHABLE_KEY'

/**
 * Adds the id of the key that the token names to an error that is about a key, and returns any other error unchanged.
 */
export function withKid(error: unknown, kid: string): unknown {
  if (isAuthError(error, 'key-not-found')) {
    const message = `The key that signed the token is not published: ${mixedKeys}`
    return new AuthError('key-not-found', message, {
      cause: error,
      refusal: { claim: 'kid', kid: toShownValue(kid), remedy: mixedKeys },
    })
  }
  if (isAuthError(error, 'token-signature')) {
    return new AuthError('token-signature', undefined, {
      cause: error,
      refusal: { kid: toShownValue(kid), remedy: wrongKey },
    })
  }
  return error
}
