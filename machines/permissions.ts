import type { AuthClaims } from './verified-session.ts'

/**
 * Returns the permissions that a session token grants in its active organization, such as `org:invoices:create`. A v1
 * token lists them; a v2 token names features (`fea`), permissions (`o.per`), and for each feature the bits of its
 * permissions (`o.fpm`) (Clerk docs, "Session tokens").
 */
export function toPermissions(claims: Partial<AuthClaims> | null): readonly string[] {
  if (!claims) return []
  const { o, fea, org_permissions: listed } = claims
  if (Array.isArray(listed)) return listed.filter((permission) => typeof permission === 'string')
  if (!o || typeof fea !== 'string') return []
  const names = toNames(o.per)
  const masks = toNames((o as { fpm?: unknown }).fpm).map(toMask)
  const features = toNames(fea).flatMap((entry) => /^(?:o|ou|uo):(.+)$/.exec(entry)?.[1] ?? [])
  return features.flatMap((feature, index) =>
    names.filter((_, bit) => ((masks[index] ?? 0n) >> BigInt(bit)) & 1n).map((name) => `org:${feature}:${name}`),
  )
}

const toNames = (list: unknown): string[] =>
  typeof list === 'string' && list !== '' ? list.split(',').map((name) => name.trim()) : []

/**
 * A mask is a BigInt, because it has a bit for each permission name and there may be more of them than a number has
 * bits.
 */
const toMask = (digits: string) => (/^\d{1,200}$/.test(digits) ? BigInt(digits) : 0n)
