import type { OrganizationJSON, OrganizationMembershipJSON } from '@clerk/backend'
import type { Directory, EmulatedMembership, EmulatedOrganization } from './directory.ts'
import { toPublicUserData } from './user-resource.ts'

const systemPermissions: Record<string, string[]> = {
  'org:admin': [
    'org:sys_profile:manage',
    'org:sys_profile:delete',
    'org:sys_memberships:read',
    'org:sys_memberships:manage',
  ],
  'org:member': ['org:sys_memberships:read'],
}

/** An organization, which is the same in both APIs. */
export function toOrganization(directory: Directory, organization: EmulatedOrganization): OrganizationJSON {
  return {
    object: 'organization',
    id: organization.id,
    name: organization.name,
    slug: organization.slug,
    image_url: '',
    has_image: false,
    members_count: directory.membershipsOfOrganization(organization.id).length,
    pending_invitations_count: 0,
    max_allowed_memberships: 100,
    admin_delete_enabled: true,
    public_metadata: {},
    created_at: organization.createdAt,
    updated_at: organization.updatedAt,
  }
}

/** The backend SDK's type lacks `role_name`, which the organization components show. */
type MembershipJSON = OrganizationMembershipJSON & { role_name: string }

/** A membership that contains its organization and its member. Clerk's own system permissions come with the role. */
export function toMembership(directory: Directory, membership: EmulatedMembership): MembershipJSON {
  const organization = directory.organizations.get(membership.organizationId)
  const user = directory.users.get(membership.userId)
  if (!organization || !user) throw new Error(`Membership ${membership.id} points to nothing`)
  return {
    object: 'organization_membership',
    id: membership.id,
    role: membership.role,
    role_name: roleName(membership.role),
    permissions: [...(systemPermissions[membership.role] ?? []), ...membership.permissions],
    public_metadata: {},
    created_at: membership.createdAt,
    updated_at: membership.updatedAt,
    organization: toOrganization(directory, organization),
    public_user_data: toPublicUserData(user),
  }
}

/** The two roles of every new Clerk instance. `setMembership` accepts other roles too. */
export function roles() {
  return Object.entries(systemPermissions).map(([key, permissions]) => ({
    object: 'role',
    id: `role_${key.replace(/^org:/, '')}`,
    key,
    name: roleName(key),
    description: '',
    permissions: permissions.map((permission) => ({
      object: 'permission',
      id: permission,
      key: permission,
      name: permission,
    })),
    created_at: 0,
    updated_at: 0,
  }))
}

/** The name of a role for people: `Admin` for `org:admin`. */
function roleName(role: string): string {
  const name = role.replace(/^org:/, '')
  return name.charAt(0).toUpperCase() + name.slice(1)
}
