'use client'

import { shallowEqual } from '@xstate/react'
import { toDegradation, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Why server and Clerk could not be brought to agree, and null otherwise. The page may show somebody signed in meanwhile: until
 * the view expires.
 */
export function useAuthDegraded(): AuthFailure | null {
  return useSnapshot(toDegradation, shallowEqual)
}
