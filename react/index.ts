/**
 * Provider, hooks and components for any Clerk package for React.
 *
 * @module authchart/react
 */

export { AuthProvider } from './auth-provider.tsx'
export type { AuthProviderProps, GivenClientProps, OwnClientProps, UseAuth } from './auth-provider.tsx'
export { AuthFailed, AuthLoading, Authenticated, Unauthenticated } from './control-components.tsx'
export type { AuthenticatedProps, ControlProps } from './control-components.tsx'
export { useAuthClient } from './client-context.ts'
export { useAuthConnection } from './use-auth-connection.ts'
export { useAuthDegraded } from './use-auth-degraded.ts'
export { useAuthError } from './use-auth-error.ts'
export { useAuthLastError } from './use-auth-last-error.ts'
export { useAuthMatches } from './use-auth-matches.ts'
export { useAuthRenewing } from './use-auth-renewing.ts'
export { useAuthState } from './use-auth-state.ts'
export { useAuthStatus } from './use-auth-status.ts'
export { useOnAuthChange } from './use-on-auth-change.ts'
export { useWhenChecked } from './use-when-checked.ts'
export type {
  AuthClient,
  AuthClientOptions,
  AuthConnection,
  AuthFailure,
  AuthStatus,
  AuthView,
  ClerkState,
} from '../adapters/browser/index.ts'
