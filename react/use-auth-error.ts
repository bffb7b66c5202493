'use client'

import { shallowEqual } from '@xstate/react'
import { toAuthFailure, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * The last thing that went wrong and still matters: its code, a message, the remedy, and whether asking again may help. Null
 * once server and Clerk agree.
 */
export function useAuthError(): AuthFailure | null {
  return useSnapshot(({ context }) => toAuthFailure(context), shallowEqual)
}
