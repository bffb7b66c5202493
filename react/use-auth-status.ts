'use client'

import { useSelector } from '@xstate/react'
import { toAuthStatus, toAuthStatusFacts, type AuthStatus } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

/** What the page should show: `loading`, `authenticated`, `unauthenticated` or `failed`. */
export function useAuthStatus(): AuthStatus {
  const { actor } = useAuthClient()
  return useSelector(actor, (snapshot) => toAuthStatus(toAuthStatusFacts(snapshot)))
}
