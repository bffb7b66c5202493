/**
 * Clerk's options from arguments and environment, and its signing keys.
 *
 * @module authchart/clerk
 */

export { createClerkKeys } from './clerk-keys.ts'
export { requireSecretKey, resolveClerkOptions } from './clerk-options.ts'
export type { ClerkOptions, ResolvedClerkOptions } from './clerk-options.ts'
export { MissingSecretKeyError } from '../../machines/auth-error.ts'
