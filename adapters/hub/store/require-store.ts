import { AuthError } from '../../../machines/auth-error.ts'
import type { SessionStore, StoreNeeds } from './session-store.ts'

/**
 * What a node does while its store is out of reach. `allow`: it goes on deciding by what it knows, so that a sign-out made
 * on another node meanwhile reaches it late. `refuse`: it tells nobody who is signed in, and signs nobody in. In both, a
 * node that has never reached its store refuses, for it knows no tombstones; and open streams go on.
 */
export type StoreDown = 'allow' | 'refuse'

/** @throws AuthError `store-unavailable` unless the store is as it must be */
export async function requireStore(store: SessionStore, needs: StoreNeeds): Promise<void> {
  try {
    await store.ready?.(needs)
  } catch (cause) {
    throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
  }
}
