import type { SessionJSON } from '@clerk/backend'
import type { ClientSessions, EmulatedClient, EmulatedSession } from './client-sessions.ts'
import type { Directory } from './directory.ts'
import { toMembership } from './organization-resource.ts'
import type { TokenMinter } from './session-token.ts'
import { toSignIn } from './sign-in-resource.ts'
import { toFrontendUser, toPublicUserData } from './user-resource.ts'

const day = 86_400_000

/** The input of the Frontend API's resources. `azp` is the origin of the calling page. */
export interface FrontendView {
  directory: Directory
  clientSessions: ClientSessions
  minter: TokenMinter
  azp: string
}

/** The backend SDK's type lacks the `null` of a personal account. */
type NullableOrganization = Omit<SessionJSON, 'last_active_organization_id'> & {
  last_active_organization_id: string | null
}

/** A Clerk session in the form of the Backend API and the webhooks. */
export function toBackendSession(session: EmulatedSession): NullableOrganization {
  return {
    object: 'session',
    id: session.id,
    client_id: session.clientId,
    user_id: session.userId,
    status: session.status,
    last_active_organization_id: session.activeOrganizationId,
    actor: session.actor,
    last_active_at: session.lastActiveAt,
    expire_at: session.createdAt + 7 * day,
    abandon_at: session.createdAt + 30 * day,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
  }
}

/** A Clerk session as its browser sees it: with the user, the unfinished tasks and a fresh token. */
export function toFrontendSession(
  session: EmulatedSession,
  { directory, minter, azp }: FrontendView,
): Record<string, unknown> {
  const user = directory.users.get(session.userId)
  if (!user) throw new Error(`Session ${session.id} has no user`)
  const memberships = directory.membershipsOfUser(user.id).map((one) => toMembership(directory, one))
  return {
    ...toBackendSession(session),
    tasks: session.status === 'pending' ? [{ key: 'choose-organization' }] : null,
    factor_verification_age: [0, -1],
    user: toFrontendUser(user, memberships),
    public_user_data: toPublicUserData(user),
    last_active_token: { object: 'token', jwt: minter.mint({ session, azp }) },
  }
}

/** A browser as Clerk knows it, with the sessions it may still use. */
export function toClient(client: EmulatedClient, view: FrontendView): Record<string, unknown> {
  return {
    object: 'client',
    id: client.id,
    sessions: view.clientSessions.liveSessions(client).map((session) => toFrontendSession(session, view)),
    sign_in: client.signIn && toSignIn(client.signIn, view.directory),
    sign_up: null,
    last_active_session_id: client.lastActiveSessionId,
    captcha_bypass: false,
    cookie_expires_at: null,
    last_authentication_strategy: null,
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  }
}
