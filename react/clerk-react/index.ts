/**
 * The provider, ready for the deprecated `@clerk/clerk-react` 5.
 *
 * @module authchart/react/clerk-react
 */

export { ClerkAuthProvider } from './clerk-auth-provider.tsx'
export type { ClerkAuthProviderProps } from './clerk-auth-provider.tsx'
export { withClerkAuth } from './with-clerk-auth.tsx'
