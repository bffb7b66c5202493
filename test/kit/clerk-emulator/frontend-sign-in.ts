import type { H3 } from 'h3'
import { ClerkFailure, invalidParameter, notFound } from './clerk-failure.ts'
import type { EmulatedSignIn } from './client-sessions.ts'
import type { EmulatedUser } from './directory.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { frontendRoute, type FrontendCall } from './frontend-call.ts'
import { createId } from './identifiers.ts'
import { toSignIn } from './sign-in-resource.ts'

/** Sign-in by identifier and password, in one or two steps, or by a sign-in token. */
export function addSignInRoutes(api: H3, parts: EmulatorParts): void {
  const { directory, clientSessions, instance } = parts

  api.post(
    '/v1/client/sign_ins',
    frontendRoute(parts, (call) => {
      refuseSecondSession(call)
      const { strategy, ticket, identifier = '', password } = call.form
      const user = strategy === 'ticket' ? redeemTicket(ticket) : findUser(identifier)
      const signIn = startSignIn(call, user, identifier || user.email)
      if (strategy === 'ticket') complete(call, signIn, user, 'ticket')
      else if (password) completeWithPassword(call, signIn, user)
      return call.reply(toSignIn(signIn, directory))
    }),
  )

  api.get(
    '/v1/client/sign_ins/:id',
    frontendRoute(parts, (call) => call.reply(toSignIn(requireSignIn(call), directory))),
  )

  api.post(
    '/v1/client/sign_ins/:id/attempt_first_factor',
    frontendRoute(parts, (call) => {
      refuseSecondSession(call)
      const signIn = requireSignIn(call)
      completeWithPassword(call, signIn, findUser(signIn.identifier))
      return call.reply(toSignIn(signIn, directory))
    }),
  )

  function refuseSecondSession({ client }: FrontendCall): void {
    if (!instance.multiSession && client && clientSessions.liveSessions(client).length > 0)
      throw new ClerkFailure(400, 'session_exists', "You're currently in single session mode: sign out first.")
  }

  function findUser(identifier: string): EmulatedUser {
    const user = directory.findByIdentifier(identifier)
    if (!user) throw invalidParameter('identifier', 'form_identifier_not_found', "Couldn't find your account.")
    return user
  }

  function redeemTicket(ticket = ''): EmulatedUser {
    const signInToken = clientSessions.signInTokens.get(ticket)
    const user = signInToken?.status === 'pending' ? directory.users.get(signInToken.userId) : undefined
    if (!signInToken || !user) throw invalidParameter('ticket', 'ticket_invalid_code', 'Ticket is invalid.')
    signInToken.status = 'accepted'
    return user
  }

  function startSignIn(call: FrontendCall, user: EmulatedUser, identifier: string): EmulatedSignIn {
    const signIn = { id: createId('sia'), identifier, userId: user.id, createdSessionId: null, strategy: null }
    call.openClient().signIn = signIn
    return signIn
  }

  function requireSignIn({ client, param }: FrontendCall): EmulatedSignIn {
    if (client?.signIn?.id !== param('id')) throw notFound('Sign-in')
    return client.signIn
  }

  function completeWithPassword(call: FrontendCall, signIn: EmulatedSignIn, user: EmulatedUser): void {
    if (user.password === null || call.form.password !== user.password)
      throw invalidParameter(
        'password',
        'form_password_incorrect',
        'Password is incorrect. Try again, or use another method.',
      )
    complete(call, signIn, user, 'password')
  }

  function complete(
    call: FrontendCall,
    signIn: EmulatedSignIn,
    user: EmulatedUser,
    strategy: 'password' | 'ticket',
  ): void {
    const client = call.openClient()
    signIn.createdSessionId = clientSessions.startSession(client, user).id
    signIn.strategy = strategy
    client.signIn = null
  }
}
