/**
 * The provider, ready for `@clerk/react`.
 *
 * @module authchart/react/clerk
 */

export { ClerkAuthProvider } from './clerk-auth-provider.tsx'
export type { ClerkAuthProviderProps } from './clerk-auth-provider.tsx'
export { withClerkAuth } from './with-clerk-auth.tsx'
