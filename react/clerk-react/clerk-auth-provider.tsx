'use client'

import { ClerkProvider, useAuth, type ClerkProviderProps } from '@clerk/clerk-react'
import { renderAuthProvider, type ClerkAuthOptions } from '../clerk-auth.tsx'

/**
 * All of Clerk's own props, and `auth` for the client of the auth server. There is no secret key, which stays on the
 * server.
 */
export type ClerkAuthProviderProps = ClerkProviderProps & ClerkAuthOptions

/**
 * The provider of the deprecated `@clerk/clerk-react` 5 around `AuthProvider`.
 *
 * @example <ClerkAuthProvider publishableKey={key} auth={{ basePath: '/auth' }}><App /></ClerkAuthProvider>
 */
export function ClerkAuthProvider({ auth, children, ...clerk }: ClerkAuthProviderProps) {
  // oxlint-disable-next-line react/hooks -- the provider takes the hook of any Clerk package, and this one never changes
  return <ClerkProvider {...clerk}>{renderAuthProvider(useAuth, auth, children)}</ClerkProvider>
}
