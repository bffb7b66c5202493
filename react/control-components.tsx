'use client'

import type { ReactNode } from 'react'
import { useAuthStatus } from './use-auth-status.ts'

export interface ControlProps {
  readonly children?: ReactNode
}

/** Shows its children while the server holds a valid proof of who this is. */
export function Authenticated({ children }: ControlProps) {
  return useAuthStatus() === 'authenticated' ? children : null
}

/** Shows its children once server and Clerk agree that nobody is signed in. */
export function Unauthenticated({ children }: ControlProps) {
  return useAuthStatus() === 'unauthenticated' ? children : null
}

/** Shows its children while Clerk loads, and while server and Clerk are being brought to agree. */
export function AuthLoading({ children }: ControlProps) {
  return useAuthStatus() === 'loading' ? children : null
}

/**
 * Shows its children when server and Clerk could not be brought to agree, or the server refuses for good who is signed in
 * at Clerk. `useAuthError()` says why, `useAuthClient().retry()` tries again, and Clerk's `<SignOutButton>` is the way
 * out of a final refusal.
 */
export function AuthFailed({ children }: ControlProps) {
  return useAuthStatus() === 'failed' ? children : null
}
