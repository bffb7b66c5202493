import { getCookie, getQuery, getRouterParam, readBody, type H3Event } from 'h3'
import { notFound, respond, unauthenticated } from './clerk-failure.ts'
import { isLive, type EmulatedClient, type EmulatedSession } from './client-sessions.ts'
import type { EmulatedUser } from './directory.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { jsonResponse } from './json-response.ts'
import { requestOrigin } from './request-origin.ts'
import { toClient, type FrontendView } from './session-resource.ts'

/** One call of the Frontend API: its form, the calling browser, and the ways to answer. */
export interface FrontendCall {
  readonly form: Record<string, string | undefined>
  readonly query: Record<string, string | undefined>
  readonly client: EmulatedClient | undefined
  readonly view: FrontendView
  param(name: string): string
  /** The calling browser. An unknown browser is registered and gets its cookie. */
  openClient(): EmulatedClient
  /**
   * Returns the session of the calling browser with this id.
   *
   * @throws ClerkFailure 401 without a client or after the session has ended, 404 if it belongs to another browser
   */
  requireSession(sessionId: string): EmulatedSession
  /**
   * Returns the user of the calling browser's session.
   *
   * @throws ClerkFailure 401 without a live session
   */
  requireUser(): EmulatedUser
  /** The answer to a mutation: the resource, and the client after the change. */
  reply(response: unknown): Response
}

/** Makes an h3 handler of a Frontend API route. */
export function frontendRoute(parts: EmulatorParts, route: (call: FrontendCall) => Promise<Response> | Response) {
  return (event: H3Event): Promise<Response> => respond(async () => route(await openCall(parts, event)))
}

async function openCall(parts: EmulatorParts, event: H3Event): Promise<FrontendCall> {
  const { directory, clientSessions } = parts
  const view: FrontendView = { ...parts, azp: requestOrigin(event.req.headers) }
  const known = clientSessions.findByCookie(getCookie(event, '__client'))
  let client = known

  const requireSession = (sessionId: string) => {
    if (!client) throw unauthenticated()
    const session = clientSessions.sessions.get(sessionId)
    if (!session || session.clientId !== client.id) throw notFound('Session')
    if (!isLive(session)) throw unauthenticated()
    return session
  }

  return {
    form: (await readBody<FrontendCall['form']>(event)) ?? {},
    query: getQuery(event),
    client,
    view,
    param: (name) => getRouterParam(event, name) ?? '',
    openClient: () => (client ??= clientSessions.openClient()),
    requireSession,
    requireUser() {
      const named = getQuery(event)._clerk_session_id
      const session = requireSession(typeof named === 'string' ? named : (client?.lastActiveSessionId ?? ''))
      const user = directory.users.get(session.userId)
      if (!user) throw unauthenticated()
      return user
    },
    reply(response) {
      const cookie = client && client !== known ? { 'set-cookie': clientCookie(client) } : undefined
      return jsonResponse({ response, client: client ? toClient(client, view) : null }, 200, cookie)
    },
  }
}

const clientCookie = (client: EmulatedClient) =>
  `__client=${client.cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000`
