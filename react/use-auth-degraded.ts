'use client'

import { shallowEqual } from '@xstate/react'
import { toDegradation, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Returns the reason why server and Clerk could not be brought to agree, else null. Until the view expires, the page
 * may still show a signed-in user.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthDegraded(): AuthFailure | null {
  return useSnapshot(toDegradation, shallowEqual)
}
