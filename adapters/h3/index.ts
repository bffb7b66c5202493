/**
 * The server: one machine for each browser session, over server-sent events and POST.
 *
 * @module authchart/h3
 */

export { createAuthServer } from './auth-server.ts'
export type { AuthServer } from './auth-server.ts'
export { shareAuthServer } from './share-auth-server.ts'
export type { AuthServerOptions } from './auth-server-options.ts'
export type { ClientAddress } from './client-address.ts'
export type { LifetimeOptions } from './lifetime-option.ts'
export type { CookieOptions } from './session-cookie.ts'
export type { LoadHandler } from './on-load.ts'
export type { RequireAuthOptions } from './require-auth.ts'
export type { RevokeOptions, RevokeTarget } from './revoke.ts'
export type { Problem } from './problem.ts'
export type { AuthFetch } from './auth-fetch.ts'
export type { NodeMiddleware } from './node-middleware.ts'
export type { HeaderReader, HeaderRecord, HeaderSource, RequestSource } from './request-facts.ts'
export type {
  ServerAuthChange,
  ServerAuthChangeListener,
  ServerAuthChangeOptions,
  AuthChangeReason,
} from '../hub/session/auth-changes.ts'
export type { LoadUser } from '../hub/node/user-profiles.ts'
export type { StoreDown } from '../hub/store/require-store.ts'
export type { HubLimits } from '../hub/node/hub-limits.ts'
export type { SessionSummary } from '../hub/node/session-list.ts'
export type { HubStats } from '../hub/session-hub.ts'
export { createMemorySessionStore } from '../hub/store/memory-session-store.ts'
export type { MemorySessionStoreOptions } from '../hub/store/memory-session-store.ts'
export type {
  Tombstone,
  RotateOptions,
  SessionStore,
  StoreChange,
  StoredSession,
  WriteOptions,
  WriteResult,
} from '../hub/store/session-store.ts'
