import type { H3 } from 'h3'
import { backendRoute, type BackendCall } from './backend-call.ts'
import { invalidParameter, notFound } from './clerk-failure.ts'
import type { EmulatedUser, NewUser } from './directory.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { toMembership } from './organization-resource.ts'
import { toBackendUser } from './user-resource.ts'

/** `clerkClient.users`: list (by e-mail address, username or id), count, read, create, change, delete. */
export function addBackendUserRoutes(api: H3, parts: EmulatorParts): void {
  const { clock, clientSessions, directory } = parts
  const route = (handle: (call: BackendCall) => unknown) => backendRoute(parts.secretKey, handle)

  api.get(
    '/v1/users',
    route((call) => call.slice(matching(call)).map(toBackendUser)),
  )
  api.get(
    '/v1/users/count',
    route((call) => ({ object: 'total_count', total_count: matching(call).length })),
  )
  api.post(
    '/v1/users',
    route(({ body }) => {
      const [email] = (body.email_address ?? []) as string[]
      if (!email) throw invalidParameter('email_address', 'form_param_missing', 'email_address is required')
      return toBackendUser(directory.addUser({ email, ...changesIn(body) }))
    }),
  )
  api.get(
    '/v1/users/:id',
    route((call) => toBackendUser(requireUser(call))),
  )
  api.patch(
    '/v1/users/:id',
    route((call) => {
      const user = Object.assign(requireUser(call), changesIn(call.body), { updatedAt: clock.now() })
      return toBackendUser(user)
    }),
  )
  api.delete(
    '/v1/users/:id',
    route((call) => {
      const { id } = requireUser(call)
      clientSessions.endSessionsOfUser(id, 'revoked')
      directory.removeUser(id)
      return { object: 'user', id, deleted: true }
    }),
  )
  api.get(
    '/v1/users/:id/organization_memberships',
    route((call) => {
      const memberships = directory.membershipsOfUser(requireUser(call).id)
      return {
        data: call.slice(memberships).map((one) => toMembership(directory, one)),
        total_count: memberships.length,
      }
    }),
  )

  function requireUser({ param }: BackendCall): EmulatedUser {
    const user = directory.users.get(param('id'))
    if (!user) throw notFound('User')
    return user
  }

  /** Newest first, as Clerk lists them. */
  function matching({ list }: BackendCall): EmulatedUser[] {
    const wanted = { email: list('email_address'), username: list('username'), id: list('user_id') }
    return [...directory.users.values()]
      .filter(
        (user) =>
          (wanted.email.length === 0 || wanted.email.includes(user.email)) &&
          (wanted.username.length === 0 || wanted.username.includes(user.username ?? '')) &&
          (wanted.id.length === 0 || wanted.id.includes(user.id)),
      )
      .toReversed()
  }
}

/** The fields of a create or update call that the emulator keeps. Fields that were not sent are left out. */
function changesIn(body: Record<string, unknown>): Partial<NewUser> {
  const changes = {
    firstName: body.first_name,
    lastName: body.last_name,
    username: body.username,
    password: body.password,
    publicMetadata: body.public_metadata,
    privateMetadata: body.private_metadata,
  }
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}
