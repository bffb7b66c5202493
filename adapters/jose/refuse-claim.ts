import { AuthError } from '../../machines/auth-error.ts'
import { toShownList, toShownValue } from './shown-value.ts'

/** The claims that name a party. Their values are no secrets, and a wrong one mostly means a wrong option. */
type PartyClaim = 'iss' | 'azp' | 'aud'

const remedies: Readonly<Record<PartyClaim, { readonly missing: string; readonly other: string }>> = {
  iss: {
    missing: 'it is not a token of Clerk',
    other: 'set claims.issuer, or check that CLERK_PUBLISHABLE_KEY is of the same Clerk instance',
  },
  azp: {
    missing: 'Clerk leaves it out of a token that no page asked for, as on a navigation; a fresh token has it',
    other: 'list the origin of the page in claims.authorizedParties',
  },
  aud: {
    missing: 'add it to the session token at Clerk, or leave claims.audience out',
    other: 'list it in claims.audience',
  },
}

/**
 * Makes the error that refuses a token because of a claim. `problem` says what is wrong with the claim, and `remedy`
 * how to fix it.
 */
export function refuseClaim(claim: string, problem: string, remedy?: string): AuthError {
  const detail = remedy === undefined ? '' : `: ${remedy}`
  return new AuthError('token-claims', `The claim ${claim} of the token ${problem}${detail}`, {
    refusal: { claim, ...(remedy !== undefined && { remedy }) },
  })
}

/**
 * Makes the error that refuses a token because of the party that it names. The message contains the token's value and
 * the allowed values only if `showsValues` is true. A log receives both in any case.
 */
export function refuseParty(
  claim: PartyClaim,
  value: unknown,
  allowed: ReadonlySet<string> | null,
  showsValues: boolean,
): AuthError {
  const isMissing = value === undefined
  const remedy = remedies[claim][isMissing ? 'missing' : 'other']
  const found = isMissing ? undefined : toShownValue(value)
  const expected = allowed ? toShownList(allowed) : undefined
  const values = [found && `found ${found}`, expected && `expected ${expected.join(' or ')}`].filter(Boolean)
  const shown = showsValues && values.length > 0 ? ` (${values.join('; ')})` : ''
  const problem = isMissing ? 'is missing' : 'is not allowed'
  return new AuthError('token-claims', `The claim ${claim} of the token ${problem}: ${remedy}${shown}`, {
    refusal: { claim, remedy, ...(found !== undefined && { found }), ...(expected && { expected }) },
  })
}
