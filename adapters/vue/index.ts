/**
 * A plugin and composables for Vue.
 *
 * @module authchart/vue
 */

export { createAuthPlugin, type AuthPluginOptions, type VueUseAuth } from './auth-plugin.ts'
export { useAuthClient, useAuthState } from './use-auth-state.ts'
export type { ShownAuth } from '../browser/shown-auth.ts'
