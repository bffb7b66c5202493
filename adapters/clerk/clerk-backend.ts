import type { User } from '@clerk/backend'
import { createBackendClient } from './backend-client.ts'
import type { ClerkOptions } from './clerk-options.ts'
import { listClerkSessions, revokeClerkSession } from './clerk-sessions.ts'
import { fetchClerkUser } from './clerk-users.ts'

/** What a server asks of one Clerk instance's Backend API. An outage rejects with Clerk's own error. */
export interface ClerkBackend {
  /** @throws MissingUserError where Clerk knows no such user */
  getUser(userId: string): Promise<User>
  /** The ids of a user's sessions that can still mint tokens. */
  listSessions(userId: string): Promise<string[]>
  /** Revokes a session; one that is over already is none the less revoked. */
  revokeSession(sessionId: string): Promise<void>
}

/** @throws MissingSecretKeyError */
export function createClerkBackend(options: Pick<ClerkOptions, 'secretKey' | 'apiUrl'>): ClerkBackend {
  const client = createBackendClient(options)
  return {
    getUser: (userId) => fetchClerkUser(client, userId),
    listSessions: (userId) => listClerkSessions(client, userId),
    revokeSession: (sessionId) => revokeClerkSession(client, sessionId),
  }
}
