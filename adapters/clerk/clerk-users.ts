import type { ClerkClient, User } from '@clerk/backend'
import { MissingUserError } from '../../machines/auth-error.ts'
import type { AuthUser } from '../../machines/verified-session.ts'
import { toClerkFailure } from './backend-client.ts'

/**
 * Gets a user from Clerk. An outage rejects with Clerk's own error.
 *
 * @throws MissingUserError if there is no such user
 */
export async function fetchClerkUser(client: ClerkClient, userId: string): Promise<User> {
  try {
    return await client.users.getUser(userId)
  } catch (error) {
    throw toClerkFailure(error).status === 404 ? new MissingUserError('no user found') : error
  }
}

/**
 * Returns the part of a Clerk user that views show. The email address is the primary one, which need not be the first.
 */
export function toAuthUser(user: User): AuthUser {
  const { id, firstName, lastName, username, hasImage, imageUrl } = user
  const emailAddress = user.primaryEmailAddress?.emailAddress ?? null
  return { id, firstName, lastName, username, emailAddress, hasImage, imageUrl }
}
