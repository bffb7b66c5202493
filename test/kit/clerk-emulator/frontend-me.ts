import type { H3 } from 'h3'
import { notFound } from './clerk-failure.ts'
import { isLive, type EmulatedSession } from './client-sessions.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { frontendRoute, type FrontendCall } from './frontend-call.ts'
import { jsonResponse } from './json-response.ts'
import { toMembership } from './organization-resource.ts'
import { toBackendSession } from './session-resource.ts'
import { toFrontendUser } from './user-resource.ts'

/** The signed-in user: profile, devices and memberships, which `<UserButton/>` and `<UserProfile/>` load and change. */
export function addMeRoutes(api: H3, parts: EmulatorParts): void {
  const { clock, clientSessions, directory } = parts

  const membershipsOf = (userId: string) =>
    directory.membershipsOfUser(userId).map((one) => toMembership(directory, one))
  const replyUser = (call: FrontendCall) => {
    const user = call.requireUser()
    return call.reply(toFrontendUser(user, membershipsOf(user.id)))
  }

  api.get('/v1/me', frontendRoute(parts, replyUser))
  api.patch(
    '/v1/me',
    frontendRoute(parts, (call) => {
      const user = call.requireUser()
      const { first_name: firstName, last_name: lastName, username } = call.form
      const changes = Object.entries({ firstName, lastName, username }).filter(([, value]) => value !== undefined)
      Object.assign(user, Object.fromEntries(changes), { updatedAt: clock.now() })
      return replyUser(call)
    }),
  )
  api.delete(
    '/v1/me',
    frontendRoute(parts, (call) => {
      const { id } = call.requireUser()
      clientSessions.endSessionsOfUser(id, 'revoked')
      directory.removeUser(id)
      return call.reply({ object: 'user', id, deleted: true })
    }),
  )

  api.get(
    '/v1/me/sessions/active',
    frontendRoute(parts, (call) => {
      const { id } = call.requireUser()
      const live = [...clientSessions.sessions.values()].filter((session) => session.userId === id && isLive(session))
      // This is a bare array, unlike every other list of this API.
      return jsonResponse(live.map(toSessionWithActivity))
    }),
  )
  api.post(
    '/v1/me/sessions/:id/revoke',
    frontendRoute(parts, (call) => {
      const session = clientSessions.sessions.get(call.param('id'))
      if (session?.userId !== call.requireUser().id) throw notFound('Session')
      clientSessions.setStatus(session, 'revoked')
      return call.reply(toSessionWithActivity(session))
    }),
  )

  api.get(
    '/v1/me/organization_memberships',
    frontendRoute(parts, (call) => {
      const data = membershipsOf(call.requireUser().id)
      return call.reply({ data, total_count: data.length })
    }),
  )
  api.delete(
    '/v1/me/organization_memberships/:id',
    frontendRoute(parts, (call) => {
      const deleted = directory.removeMembership(call.requireUser().id, call.param('id'))
      return call.reply({ object: 'organization_membership', id: call.param('id'), deleted })
    }),
  )
}

const toSessionWithActivity = (session: EmulatedSession) => ({
  ...toBackendSession(session),
  latest_activity: { object: 'session_activity', id: session.id, browser_name: 'Emulated browser', is_mobile: false },
})
