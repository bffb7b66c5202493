import type { User } from '@clerk/backend'
import { createBackendClient } from './backend-client.ts'
import type { ClerkOptions } from './clerk-options.ts'
import { listClerkSessions, revokeClerkSession } from './clerk-sessions.ts'
import { fetchClerkUser } from './clerk-users.ts'

/** The calls that a server makes to one Clerk instance's Backend API. An outage rejects with Clerk's own error. */
export interface ClerkBackend {
  /** @throws MissingUserError if Clerk knows no such user */
  getUser(userId: string): Promise<User>
  /** Returns the ids of a user's sessions that can still create tokens. */
  listSessions(userId: string): Promise<string[]>
  /** Revokes a session. It succeeds for a session that has already ended. */
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
