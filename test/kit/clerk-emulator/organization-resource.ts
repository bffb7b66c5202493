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

/** An organisation, the same to both APIs. */
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

/** The backend SDK's type leaves out `role_name`, which the organisation components show. */
type MembershipJSON = OrganizationMembershipJSON & { role_name: string }

/** A membership with its organisation and its member inside; Clerk's own system permissions come with the role. */
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

/** The two roles every Clerk instance begins with; others can be given by `setMembership` all the same. */
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

/** `org:admin` as people read it: `Admin`. */
function roleName(role: string): string {
  const name = role.replace(/^org:/, '')
  return name.charAt(0).toUpperCase() + name.slice(1)
}
