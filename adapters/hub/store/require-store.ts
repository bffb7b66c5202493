import { AuthError } from '../../../machines/auth-error.ts'
import type { SessionStore, StoreNeeds } from './session-store.ts'

/**
 * The behaviour of a node while its store is out of reach. `allow`: it goes on deciding by what it knows, so that a
 * sign-out on another node reaches it late. `refuse`: it tells nobody who is signed in, and signs nobody in. In both
 * cases open streams go on, and a node that has never reached its store refuses, because it knows no tombstones.
 */
export type StoreDown = 'allow' | 'refuse'

/** @throws AuthError `store-unavailable` unless the store meets the needs */
export async function requireStore(store: SessionStore, needs: StoreNeeds): Promise<void> {
  try {
    await store.ready?.(needs)
  } catch (cause) {
    throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
  }
}
