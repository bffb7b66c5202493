'use client'

import type { ReactNode } from 'react'
import type { AuthClientOptions } from '../adapters/browser/index.ts'
import { AuthProvider, type UseAuth } from './auth-provider.tsx'

/** The part that a binding adds to the props of Clerk's provider. */
export interface ClerkAuthOptions {
  /** Options of `createAuthClient`. Only those of the first render count. */
  readonly auth?: AuthClientOptions
}

/** Renders the `AuthProvider` inside the provider of a Clerk package, whose hook it takes. */
export function renderAuthProvider(useAuth: UseAuth, auth: AuthClientOptions | undefined, children: ReactNode) {
  return (
    <AuthProvider {...auth} useAuth={useAuth}>
      {children}
    </AuthProvider>
  )
}
