import type { Directory } from './directory.ts'

/**
 * The claims of a session token for its active organization.
 *
 * Version 2 packs custom permissions into `fea` (features), `o.per` (permission names) and `o.fpm` (one bitmask for
 * each feature; bit n means the n-th permission name), as Clerk documents for session tokens.
 *
 * A user who is not a member gets the role `org:member`, so that a test can forge a foreign organization.
 */
export function organizationClaims(
  directory: Directory,
  userId: string | undefined,
  organizationId: string,
  version: 1 | 2,
): Record<string, unknown> {
  const membership = userId === undefined ? undefined : directory.membership(userId, organizationId)
  const role = membership?.role ?? 'org:member'
  const permissions = membership?.permissions ?? []
  const slug = directory.organizations.get(organizationId)?.slug ?? organizationId
  if (version === 1) return { org_id: organizationId, org_role: role, org_slug: slug, org_permissions: permissions }

  const packed = packPermissions(permissions)
  return {
    ...(packed && { fea: packed.fea }),
    o: {
      id: organizationId,
      rol: role.replace(/^org:/, ''),
      slg: slug,
      ...(packed && { per: packed.per, fpm: packed.fpm }),
    },
  }
}

function packPermissions(permissions: string[]): { fea: string; per: string; fpm: string } | undefined {
  const pairs = permissions.map((permission) => permission.replace(/^org:/, '').split(':') as [string, string])
  if (pairs.length === 0) return undefined
  const features = [...new Set(pairs.map(([feature]) => feature))]
  const names = [...new Set(pairs.map(([, name]) => name))]
  const masks = features.map((feature) =>
    pairs.reduce((mask, [of, name]) => (of === feature ? mask | (1 << names.indexOf(name)) : mask), 0),
  )
  return { fea: features.map((feature) => `o:${feature}`).join(','), per: names.join(','), fpm: masks.join(',') }
}
