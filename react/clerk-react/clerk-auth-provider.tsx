'use client'

import { ClerkProvider, useAuth, type ClerkProviderProps } from '@clerk/clerk-react'
import type { AuthClientOptions } from '../../adapters/browser/index.ts'
import { AuthProvider } from '../auth-provider.tsx'

/** All of Clerk's own props, and `auth` for the client of the auth server. No secret key: that one stays on the server. */
export type ClerkAuthProviderProps = ClerkProviderProps & {
  /** Options of `createAuthClient`; they count at the first render only. */
  readonly auth?: AuthClientOptions
}

/**
 * The provider of the deprecated `@clerk/clerk-react` 5 around `AuthProvider`.
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
