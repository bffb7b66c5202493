import type { H3 } from 'h3'
import { backendRoute, type BackendCall } from './backend-call.ts'
import { notFound } from './clerk-failure.ts'
import type { EmulatedOrganization } from './directory.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { toMembership, toOrganization } from './organization-resource.ts'

/** `clerkClient.organizations`: list, read (by id or slug), create, and its memberships. */
export function addBackendOrganizationRoutes(api: H3, parts: EmulatorParts): void {
  const { directory } = parts
  const route = (handle: (call: BackendCall) => unknown) => backendRoute(parts.secretKey, handle)

  api.get(
    '/v1/organizations',
    route(({ slice }) => {
      const all = [...directory.organizations.values()].toReversed()
      return { data: slice(all).map((one) => toOrganization(directory, one)), total_count: all.length }
    }),
  )
  api.post(
    '/v1/organizations',
    route(({ body }) => {
      const organization = directory.addOrganization({ name: String(body.name), slug: body.slug as string | undefined })
      if (typeof body.created_by === 'string') directory.setMembership(body.created_by, organization.id, 'org:admin')
      return toOrganization(directory, organization)
    }),
  )
  api.get(
    '/v1/organizations/:id',
    route((call) => toOrganization(directory, requireOrganization(call))),
  )
  api.get(
    '/v1/organizations/:id/memberships',
    route((call) => {
      const members = directory.membershipsOfOrganization(requireOrganization(call).id)
      return { data: call.slice(members).map((one) => toMembership(directory, one)), total_count: members.length }
    }),
  )

  const setMembership = route((call) => {
    const organization = requireOrganization(call)
    const user = directory.users.get(call.param('userId') || String(call.body.user_id))
    if (!user) throw notFound('User')
    return toMembership(directory, directory.setMembership(user.id, organization.id, String(call.body.role)))
  })
  api.post('/v1/organizations/:id/memberships', setMembership)
  api.patch('/v1/organizations/:id/memberships/:userId', setMembership)
  api.delete(
    '/v1/organizations/:id/memberships/:userId',
    route((call) => {
      const organization = requireOrganization(call)
      const membership = directory.membership(call.param('userId'), organization.id)
      if (!membership) throw notFound('Membership')
      const json = toMembership(directory, membership)
      directory.removeMembership(membership.userId, organization.id)
      return json
    }),
  )

  function requireOrganization({ param }: BackendCall): EmulatedOrganization {
    const wanted = param('id')
    const organization =
      directory.organizations.get(wanted) ?? [...directory.organizations.values()].find(({ slug }) => slug === wanted)
    if (!organization) throw notFound('Organization')
    return organization
  }
}
