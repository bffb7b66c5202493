'use client'

import { shallowEqual } from '@xstate/react'
import { toAuthFailure, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Returns the last failure that still matters: its code, a message, the remedy, and if asking again may help. It is
 * null once server and Clerk agree.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthError(): AuthFailure | null {
  return useSnapshot(({ context }) => toAuthFailure(context), shallowEqual)
}
