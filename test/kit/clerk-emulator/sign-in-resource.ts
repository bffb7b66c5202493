import type { EmulatedSignIn } from './client-sessions.ts'
import type { Directory } from './directory.ts'
import { toPublicUserData } from './user-resource.ts'

/** A sign-in attempt. It waits for the password, and is complete when it has created a session. */
export function toSignIn(signIn: EmulatedSignIn, directory: Directory) {
  const user = directory.users.get(signIn.userId)
  const complete = signIn.createdSessionId !== null
  return {
    object: 'sign_in',
    id: signIn.id,
    status: complete ? 'complete' : 'needs_first_factor',
    supported_identifiers: ['email_address', 'username'],
    identifier: signIn.identifier,
    supported_first_factors: [{ strategy: 'password' }],
    supported_second_factors: null,
    first_factor_verification: complete
      ? { object: 'verification', status: 'verified', strategy: signIn.strategy, attempts: null, expire_at: null }
      : null,
    second_factor_verification: null,
    user_data: user ? toPublicUserData(user) : null,
    created_session_id: signIn.createdSessionId,
  }
}
