'use client'

import type { AuthStateName } from '../adapters/browser/index.ts'
import { useAuthState } from './use-auth-state.ts'

/**
 * True while the server's view is in one of these states.
 *
 * @throws Error without an `AuthProvider` above
 * @example const isPending = useAuthMatches('unchecked', 'verifying')
 */
export function useAuthMatches(...states: readonly AuthStateName[]): boolean {
  return useAuthState(({ state }) => states.includes(state))
}
