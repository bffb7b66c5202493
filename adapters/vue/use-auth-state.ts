import { computed, inject, type ComputedRef } from 'vue'
import type { AuthClient } from '../browser/index.ts'
import type { ShownAuth } from '../browser/shown-auth.ts'
import { authKey } from './auth-key.ts'

/**
 * Returns each value that the client shows as a ref.
 *
 * @throws Error if the plugin is not installed
 * @example const { status, view } = useAuthState()
 */
export function useAuthState(): { readonly [Name in keyof ShownAuth]: ComputedRef<ShownAuth[Name]> } {
  const { shown } = injectAuth('useAuthState')
  return {
    view: computed(() => shown.value.view),
    status: computed(() => shown.value.status),
    connection: computed(() => shown.value.connection),
    error: computed(() => shown.value.error),
    lastError: computed(() => shown.value.lastError),
    degraded: computed(() => shown.value.degraded),
    isRenewing: computed(() => shown.value.isRenewing),
  }
}

/**
 * The client, for `retry()`, `onAuthChange` and `whenChecked`.
 *
 * @throws Error if the plugin is not installed
 */
export const useAuthClient = (): AuthClient => injectAuth('useAuthClient').client

function injectAuth(name: string) {
  const auth = inject(authKey, null)
  if (!auth) throw new Error(`${name} needs the plugin: app.use(createAuthPlugin({ useAuth }))`)
  return auth
}
