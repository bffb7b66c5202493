'use client'

import { ClerkProvider, useAuth, type ClerkProviderProps } from '@clerk/react'
import type { AuthClientOptions } from '../../adapters/browser/index.ts'
import { AuthProvider } from '../auth-provider.tsx'

/**
 * All of Clerk's own props, and `auth` for the client of the auth server. There is no secret key, which stays on the
 * server.
 */
export type ClerkAuthProviderProps = ClerkProviderProps & {
  /** Options of `createAuthClient`. Only those of the first render count. */
  readonly auth?: AuthClientOptions
}

/**
 * Clerk's provider around `AuthProvider`.
 *
 * @example <ClerkAuthProvider publishableKey={key} auth={{ basePath: '/auth' }}><App /></ClerkAuthProvider>
 */
export function ClerkAuthProvider({ auth, children, ...clerk }: ClerkAuthProviderProps) {
  return (
    <ClerkProvider {...clerk}>
      {/* oxlint-disable-next-line react/hooks -- the provider takes the hook of any Clerk package, and this one never changes */}
      <AuthProvider {...auth} useAuth={useAuth}>
        {children}
      </AuthProvider>
    </ClerkProvider>
  )
}
