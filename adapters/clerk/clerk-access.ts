import type { User } from '@clerk/backend'
import { AuthError, isAuthError } from '../../machines/auth-error.ts'
import { withDeadline } from '../timing/with-deadline.ts'
import type { ClerkBackend } from './clerk-backend.ts'
import { requireSecretKey, type ClerkOptions } from './clerk-options.ts'
import { createShortCache } from './short-cache.ts'

/**
 * Access to one instance's Backend API, which is called only when needed. Every call ends within 5 s and rejects only
 * with `AuthError`.
 */
export interface ClerkAccess {
  /** @throws MissingSecretKeyError */
  requireKey(): void
  /**
   * Returns a user. An answer is reused for 10 s.
   *
   * @throws MissingUserError, AuthError `user-load-failed`
   */
  getUser(userId: string): Promise<User>
  /** @throws AuthError `clerk-unavailable` */
  listSessions(userId: string): Promise<string[]>
  /** @throws AuthError `clerk-unavailable` */
  revokeSession(sessionId: string): Promise<void>
}

const callTimeout = 5_000
const userLife = { keepFor: 10_000, most: 1_000 }

/** @param clock Epoch ms. */
export function createClerkAccess(options: ClerkOptions, clock: () => number): ClerkAccess {
  let backend: Promise<ClerkBackend> | undefined
  // The module is loaded when it is needed, so that an app with its own keys does not need @clerk/backend.
  const connect = () => (backend ??= import('./clerk-backend.ts').then((module) => module.createClerkBackend(options)))
  const call = <T>(ask: (clerk: ClerkBackend) => Promise<T>) =>
    withDeadline(callTimeout, async () => ask(await connect()))
  const orUnavailable = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (cause) {
      throw new AuthError('clerk-unavailable', undefined, { cause, retryAfter: 1_000 })
    }
  }
  const findUser = createShortCache({ load: (userId) => call((clerk) => clerk.getUser(userId)), ...userLife, clock })

  return {
    requireKey: () => void requireSecretKey(options),
    async getUser(userId) {
      requireSecretKey(options)
      try {
        return await findUser(userId)
      } catch (cause) {
        throw isAuthError(cause, 'not-found') ? cause : new AuthError('user-load-failed', undefined, { cause })
      }
    },
    listSessions: (userId) => orUnavailable(call((clerk) => clerk.listSessions(userId))),
    revokeSession: (sessionId) => orUnavailable(call((clerk) => clerk.revokeSession(sessionId))),
  }
}
