import type { H3 } from 'h3'
import { ClerkFailure } from './clerk-failure.ts'
import type { SessionStatus } from './client-sessions.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { frontendRoute, type FrontendCall } from './frontend-call.ts'
import { jsonResponse } from './json-response.ts'
import { toClient, toFrontendSession } from './session-resource.ts'

/** Touching a session (which also switches the organization), minting its tokens, and ending it. */
export function addSessionRoutes(api: H3, parts: EmulatorParts): void {
  const { directory, clientSessions, minter } = parts

  api.post(
    '/v1/client/sessions/:id/touch',
    frontendRoute(parts, (call) => {
      const session = call.requireSession(call.param('id'))
      const organizationId = organizationIn(call, 'active_organization_id', session.userId)
      if (organizationId !== undefined) clientSessions.chooseOrganization(session, organizationId)
      clientSessions.touch(session)
      return call.reply(toFrontendSession(session, call.view))
    }),
  )

  const issueToken = frontendRoute(parts, (call) => {
    const session = call.requireSession(call.param('id'))
    const orgId = organizationIn(call, 'organization_id', session.userId)
    const claims = call.param('template') ? { template: call.param('template') } : undefined
    return jsonResponse({ object: 'token', jwt: minter.mint({ session, orgId, azp: call.view.azp, claims }) })
  })
  api.post('/v1/client/sessions/:id/tokens', issueToken)
  api.post('/v1/client/sessions/:id/tokens/:template', issueToken)

  const endAs = (status: SessionStatus) =>
    frontendRoute(parts, (call) => {
      const session = call.requireSession(call.param('id'))
      clientSessions.setStatus(session, status)
      return call.reply(toFrontendSession(session, call.view))
    })
  api.post('/v1/client/sessions/:id/remove', endAs('removed'))
  api.post('/v1/client/sessions/:id/end', endAs('ended'))

  api.get(
    '/v1/client/sessions/:id',
    frontendRoute(parts, (call) => call.reply(toFrontendSession(call.requireSession(call.param('id')), call.view))),
  )

  const removeAll = frontendRoute(parts, ({ client, view }) => {
    if (client) for (const session of clientSessions.liveSessions(client)) clientSessions.setStatus(session, 'removed')
    return jsonResponse({ response: client ? toClient(client, view) : null, client: null })
  })
  api.delete('/v1/client/sessions', removeAll)
  api.delete('/v1/client', removeAll)

  /**
   * The organization that a form field names: `null` for the personal account, `undefined` if there is no such field.
   */
  function organizationIn({ form }: FrontendCall, field: string, userId: string): string | null | undefined {
    const organizationId = form[field]
    if (!organizationId || organizationId === 'null') return organizationId === undefined ? undefined : null
    if (!directory.membership(userId, organizationId))
      throw new ClerkFailure(
        403,
        'organization_not_found_or_unauthorized',
        "Given organization not found, or you don't have permission to access it.",
      )
    return organizationId
  }
}
