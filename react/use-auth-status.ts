'use client'

import { toAuthStatus, toAuthStatusFacts, type AuthStatus } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/** What the page should show: `loading`, `authenticated`, `unauthenticated` or `failed`. */
export function useAuthStatus(): AuthStatus {
  return useSnapshot((snapshot) => toAuthStatus(toAuthStatusFacts(snapshot)))
}
