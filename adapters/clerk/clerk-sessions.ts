import type { ClerkClient } from '@clerk/backend'
import { toClerkFailure } from './backend-client.ts'

const pageSize = 500
/** A pending session becomes an active one as soon as its task is done. */
const living = ['active', 'pending'] as const

/** Returns the ids of a user's Clerk sessions that can still create tokens. */
export async function listClerkSessions(client: ClerkClient, userId: string): Promise<string[]> {
  const ids = new Set<string>()
  for (const status of living) {
    for (let offset = 0; ; offset += pageSize) {
      const { data } = await client.sessions.getSessionList({ userId, status, limit: pageSize, offset })
      for (const { id } of data) ids.add(id)
      if (data.length < pageSize) break
    }
  }
  return [...ids]
}

/** Revokes a session at Clerk. It succeeds for a session that has already ended or is unknown. */
export async function revokeClerkSession(client: ClerkClient, sessionId: string): Promise<void> {
  try {
    await client.sessions.revokeSession(sessionId)
  } catch (error) {
    const { status = 0 } = toClerkFailure(error)
    if (status === 404) return
    // Clerk refuses to revoke a session that is no longer active. Any other error is passed on.
    if ((status === 400 || status === 422) && !(await isLiving(client, sessionId))) return
    throw error
  }
}

async function isLiving(client: ClerkClient, sessionId: string): Promise<boolean> {
  const { status } = await client.sessions.getSession(sessionId)
  return (living as readonly string[]).includes(status)
}
