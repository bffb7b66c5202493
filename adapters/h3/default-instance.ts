import { toCanonicalJson } from '../hub/store/canonical-json.ts'
import { toDigest } from '../hub/cookies/secret-id.ts'
import type { ClaimsOptions } from '../jose/claims-options.ts'

const toList = (values: string | readonly string[] | undefined) => values && [...new Set([values].flat())].toSorted()

/** The name of all servers that take tokens of the same issuers, for the same parties and audiences: a digest of these. */
export function toDefaultInstance({ issuer, authorizedParties, audience }: ClaimsOptions = {}): string {
  const rules = [issuer, authorizedParties, audience].map(toList)
  return toDigest(toCanonicalJson(rules)).slice(0, 22)
}
