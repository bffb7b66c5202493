/**
 * The browser client, without a framework.
 *
 * @module authchart/client
 */

export { createAuthClient } from './create-auth-client.ts'
export { preloadAuthClient } from './load-runtime.ts'
export type { AuthClient } from './create-auth-client.ts'
export type { SyncActor, SyncSnapshot } from './view-changes.ts'
export type { AuthClientOptions } from './client-options.ts'
export { bindClerk } from './bind-clerk.ts'
export type { ClerkLike, ClerkResourcesLike } from './bind-clerk.ts'
export type { ClerkState, GetToken } from './clerk-state.ts'
export type { AuthChange } from '../../machines/on-auth-change.ts'
export type { WhenViewCheckedOptions } from './when-view-checked.ts'
export {
  isRenewing,
  toAuthConnection,
  toAuthFailure,
  toAuthStatus,
  toAuthStatusFacts,
  toDegradation,
  toHeldView,
  toLastFailure,
} from '../../machines/sync/auth-status.ts'
export type { AuthConnection, AuthFailure, AuthStatus, AuthStatusFacts } from '../../machines/sync/auth-status.ts'
export type { SyncError, SyncErrorCode, SyncFailure } from '../../machines/sync/sync-error.ts'
export type { AuthStateName, AuthView } from '../../machines/auth-view.ts'
