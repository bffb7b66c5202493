'use client'

import type { ComponentType } from 'react'
import { ClerkAuthProvider, type ClerkAuthProviderProps } from './clerk-auth-provider.tsx'

/**
 * Wraps a whole app in {@link ClerkAuthProvider}.
 *
 * @example createRoot(element).render(createElement(withClerkAuth(App, { publishableKey })))
 */
export function withClerkAuth<Props extends object>(
  App: ComponentType<Props>,
  options: Omit<ClerkAuthProviderProps, 'children'>,
): ComponentType<Props> {
  function WithClerkAuth(props: Props) {
    return (
      <ClerkAuthProvider {...(options as ClerkAuthProviderProps)}>
        <App {...props} />
      </ClerkAuthProvider>
    )
  }
  WithClerkAuth.displayName = `withClerkAuth(${App.displayName ?? App.name})`
  return WithClerkAuth
}
