'use client'

import { toAuthStatus, toAuthStatusFacts, type AuthStatus } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Returns the status for the page: `loading`, `authenticated`, `unauthenticated` or `failed`.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthStatus(): AuthStatus {
  return useSnapshot((snapshot) => toAuthStatus(toAuthStatusFacts(snapshot)))
}
