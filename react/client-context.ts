'use client'

import { createContext, useContext } from 'react'
import type { AuthClient } from '../adapters/browser/index.ts'

export const ClientContext = createContext<AuthClient | null>(null)

/**
 * Returns the client of the nearest `AuthProvider`.
 *
 * @throws Error that says how to add a provider if there is none
 */
export function useAuthClient(): AuthClient {
  const client = useContext(ClientContext)
  if (client) return client
  throw new Error(
    "authchart: no AuthProvider above. Wrap your app in <AuthProvider useAuth={useAuth}> inside Clerk's provider, " +
      'or in <ClerkAuthProvider publishableKey={…}>.',
  )
}
