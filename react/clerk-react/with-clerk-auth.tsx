'use client'

import type { ComponentType } from 'react'
import { withProvider } from '../with-provider.tsx'
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
  return withProvider(App, (app) => (
    <ClerkAuthProvider {...(options as ClerkAuthProviderProps)}>{app}</ClerkAuthProvider>
  ))
}
