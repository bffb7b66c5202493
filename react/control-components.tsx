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

/** Shows its children once the server says that nobody is signed in and Clerk agrees, or the refusal is final. */
export function Unauthenticated({ children }: ControlProps) {
  return useAuthStatus() === 'unauthenticated' ? children : null
}

/** Shows its children while Clerk loads, and while server and Clerk are being brought to agree. */
export function AuthLoading({ children }: ControlProps) {
  return useAuthStatus() === 'loading' ? children : null
}

/** Shows its children when they could not be brought to agree: `useAuthClient().retry()` tries again. */
export function AuthFailed({ children }: ControlProps) {
  return useAuthStatus() === 'failed' ? children : null
}
