'use client'

import { useSelector } from '@xstate/react'
import { toAuthFailure, type AuthFailure } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

/**
 * The last thing that went wrong and still matters: its code, a message that names the remedy, and whether asking again
 * may help. Null once server and Clerk agree.
 */
export function useAuthError(): AuthFailure | null {
  const { actor } = useAuthClient()
  return useSelector(actor, ({ context }) => toAuthFailure(context))
}
