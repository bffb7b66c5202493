import { toDigest } from '../hub/cookies/secret-id.ts'
import { toCanonicalJson } from '../hub/store/canonical-json.ts'
import type { ClaimsOptions } from '../jose/claims-options.ts'

const toList = (values: string | readonly string[] | undefined) => values && [...new Set([values].flat())].toSorted()

/**
 * The default name of an instance: a digest of issuers, parties and audiences, so that servers which accept the same
 * tokens share it.
 */
export function toDefaultInstance({ issuer, authorizedParties, audience }: ClaimsOptions = {}): string {
  const rules = [issuer, authorizedParties, audience].map(toList)
  return toDigest(toCanonicalJson(rules)).slice(0, 22)
}
