import type { AuthClient } from '../browser/index.ts'
import { watchAuth, type ShownAuth } from '../browser/shown-auth.ts'

/** A store by Svelte's contract: it calls its subscriber at once, and after each change. */
export interface AuthStore {
  /** Calls `run` at once and after each change. It returns a function that unsubscribes. */
  subscribe(this: void, run: (shown: ShownAuth) => void): () => void
}

/**
 * Makes a store of a client. The client stays yours to start and to stop.
 *
 * @example
 * const client = createAuthClient()
 * export const auth = createAuthStore(client)
 * // in a component: {$auth.status} {$auth.view.userId}
 */
export const createAuthStore = (client: AuthClient): AuthStore => ({ subscribe: (run) => watchAuth(client, run) })
