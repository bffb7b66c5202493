/**
 * A store for Svelte.
 *
 * @module authchart/svelte
 */

export { createAuthStore, type AuthStore } from './auth-store.ts'
export type { ShownAuth } from '../browser/shown-auth.ts'
