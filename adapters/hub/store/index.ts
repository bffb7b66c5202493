/**
 * The contract and the helpers for a session store of your own.
 *
 * @module authchart/store
 */

export { createTombstones } from './tombstones.ts'
export type { Tombstones } from './tombstones.ts'
export { createGuards } from './store-guards.ts'
export type { Guards } from './store-guards.ts'
export { isTombstone } from './tombstone.ts'
export type {
  RotateOptions,
  SessionStore,
  StoreChange,
  StoredSession,
  StoreGuard,
  StoreNeeds,
  Tombstone,
  WriteOptions,
  WriteResult,
} from './session-store.ts'
