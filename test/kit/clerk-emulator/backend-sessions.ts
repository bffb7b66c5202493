import type { H3 } from 'h3'
import { backendRoute, type BackendCall } from './backend-call.ts'
import { notFound } from './clerk-failure.ts'
import type { EmulatedSession, EmulatedSignInToken } from './client-sessions.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { toBackendSession } from './session-resource.ts'

/** `clerkClient.sessions` and `clerkClient.signInTokens`. */
export function addBackendSessionRoutes(api: H3, parts: EmulatorParts): void {
  const { clientSessions, directory, minter } = parts
  const route = (handle: (call: BackendCall) => unknown) => backendRoute(parts.secretKey, handle)

  api.get(
    '/v1/sessions',
    route(({ query, slice }) => {
      const wanted = ['user_id', 'client_id', 'status'] as const
      const all = [...clientSessions.sessions.values()]
        .map(toBackendSession)
        .filter((session) => wanted.every((field) => !query.has(field) || query.get(field) === session[field]))
        .toReversed()
      return { data: slice(all), total_count: all.length }
    }),
  )
  api.post(
    '/v1/sessions',
    route(({ body }) =>
      toBackendSession(clientSessions.startSession(clientSessions.openClient(), requireUser(body.user_id))),
    ),
  )
  api.get(
    '/v1/sessions/:id',
    route((call) => toBackendSession(requireSession(call))),
  )
  api.post(
    '/v1/sessions/:id/revoke',
    route((call) => {
      const session = requireSession(call)
      clientSessions.setStatus(session, 'revoked')
      return toBackendSession(session)
    }),
  )

  const issueToken = route((call) => {
    const session = requireSession(call)
    const seconds = call.body.expires_in_seconds
    const claims = call.param('template') ? { template: call.param('template') } : undefined
    // The Backend API mints tokens without a page, so they have no authorized party.
    const jwt = minter.mint({ session, azp: null, claims, ttl: typeof seconds === 'number' ? seconds : undefined })
    return { object: 'token', jwt }
  })
  api.post('/v1/sessions/:id/tokens', issueToken)
  api.post('/v1/sessions/:id/tokens/:template', issueToken)

  api.post(
    '/v1/sign_in_tokens',
    route(({ body }) => toSignInToken(clientSessions.issueSignInToken(requireUser(body.user_id).id))),
  )
  api.post(
    '/v1/sign_in_tokens/:id/revoke',
    route(({ param }) => {
      const signInToken = [...clientSessions.signInTokens.values()].find(({ id }) => id === param('id'))
      if (!signInToken) throw notFound('Sign-in token')
      signInToken.status = 'revoked'
      return toSignInToken(signInToken)
    }),
  )

  function requireSession({ param }: BackendCall): EmulatedSession {
    const session = clientSessions.sessions.get(param('id'))
    if (!session) throw notFound('Session')
    return session
  }

  function requireUser(userId: unknown) {
    const user = typeof userId === 'string' ? directory.users.get(userId) : undefined
    if (!user) throw notFound('User')
    return user
  }
}

function toSignInToken({ id, token, userId, status, createdAt }: EmulatedSignInToken) {
  return {
    object: 'sign_in_token',
    id,
    token,
    user_id: userId,
    status,
    url: '',
    created_at: createdAt,
    updated_at: createdAt,
  }
}
