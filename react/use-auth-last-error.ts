'use client'

import { shallowEqual } from '@xstate/react'
import { toLastFailure, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Returns the last failure, even if it no longer matters; null if there was none.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthLastError(): AuthFailure | null {
  return useSnapshot(({ context }) => toLastFailure(context), shallowEqual)
}
