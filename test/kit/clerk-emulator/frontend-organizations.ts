import type { H3 } from 'h3'
import { ClerkFailure, notFound } from './clerk-failure.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { frontendRoute, type FrontendCall } from './frontend-call.ts'
import { roles, toMembership, toOrganization } from './organization-resource.ts'

const emptyLists = [
  '/v1/me/organization_invitations',
  '/v1/me/organization_suggestions',
  '/v1/organizations/:id/invitations',
  '/v1/organizations/:id/membership_requests',
  '/v1/organizations/:id/domains',
]

/** Organizations and their members, which `<OrganizationSwitcher/>` and `<OrganizationProfile/>` load and change. */
export function addOrganizationRoutes(api: H3, parts: EmulatorParts): void {
  const { directory } = parts

  api.post(
    '/v1/organizations',
    frontendRoute(parts, (call) => {
      const user = call.requireUser()
      const organization = directory.addOrganization({ name: call.form.name || 'Organization', slug: call.form.slug })
      directory.setMembership(user.id, organization.id, 'org:admin')
      return call.reply(toOrganization(directory, organization))
    }),
  )
  api.get(
    '/v1/organizations/:id',
    frontendRoute(parts, (call) => call.reply(toOrganization(directory, requireOwn(call).organization))),
  )
  api.get(
    '/v1/organizations/:id/roles',
    frontendRoute(parts, (call) => {
      requireOwn(call)
      return call.reply(page(roles()))
    }),
  )
  api.get(
    '/v1/organizations/:id/memberships',
    frontendRoute(parts, (call) => {
      const members = directory.membershipsOfOrganization(requireOwn(call).organization.id)
      return call.reply(page(members.map((one) => toMembership(directory, one))))
    }),
  )
  api.patch(
    '/v1/organizations/:id/memberships/:userId',
    frontendRoute(parts, (call) => {
      const member = requireMember(call)
      const role = call.form.role ?? member.role
      return call.reply(
        toMembership(
          directory,
          directory.setMembership(member.userId, member.organizationId, role, member.permissions),
        ),
      )
    }),
  )
  api.delete(
    '/v1/organizations/:id/memberships/:userId',
    frontendRoute(parts, (call) => {
      const member = requireMember(call)
      const json = toMembership(directory, member)
      directory.removeMembership(member.userId, member.organizationId)
      return call.reply(json)
    }),
  )
  for (const path of emptyLists)
    api.get(
      path,
      frontendRoute(parts, (call) => {
        call.requireUser()
        return call.reply(page([]))
      }),
    )

  function requireOwn(call: FrontendCall) {
    const user = call.requireUser()
    const organization = directory.organizations.get(call.param('id'))
    const membership = organization && directory.membership(user.id, organization.id)
    if (!organization || !membership) throw notFound('Organization')
    return { organization, membership }
  }

  /** The member that a path names, for an administrator of the organization. */
  function requireMember(call: FrontendCall) {
    const { organization, membership } = requireOwn(call)
    if (membership.role !== 'org:admin')
      throw new ClerkFailure(403, 'missing_permission', 'You do not have permission to manage members.')
    const member = directory.membership(call.param('userId'), organization.id)
    if (!member) throw notFound('Membership')
    return member
  }
}

const page = (data: unknown[]) => ({ data, total_count: data.length })
