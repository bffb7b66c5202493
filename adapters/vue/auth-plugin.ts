import { effectScope, shallowRef, unref, watchEffect, type MaybeRef, type Plugin } from 'vue'
import { createAuthClient, type AuthClient, type AuthClientOptions, type ClerkState } from '../browser/index.ts'
import { toShownAuth, watchAuth } from '../browser/shown-auth.ts'
import { authKey } from './auth-key.ts'

/** The composable `useAuth` of `@clerk/vue`. */
export type VueUseAuth = () => { readonly [Name in keyof ClerkState]: MaybeRef<ClerkState[Name]> }

/** Options of {@link createAuthPlugin}: those of the client, and where Clerk's state comes from. */
export interface AuthPluginOptions extends AuthClientOptions {
  /**
   * `useAuth` of `@clerk/vue`. Default: none, because something else, such as `bindClerk`, tells the client Clerk's
   * state.
   */
  readonly useAuth?: VueUseAuth
  /** A client of your own. Default: one that is made of the other options. */
  readonly client?: AuthClient
}

/**
 * Gives the components of an app what the server knows. In a browser the client starts at once, and stops when the app is
 * unmounted; on a server it rests.
 *
 * @example createApp(App).use(clerkPlugin, { publishableKey }).use(createAuthPlugin({ useAuth })).mount('#app')
 */
export function createAuthPlugin({ useAuth, client: given, ...options }: AuthPluginOptions = {}): Plugin {
  return {
    install(app) {
      const client = given ?? createAuthClient(options)
      const shown = shallowRef(toShownAuth(client))
      app.provide(authKey, { client, shown })
      if (typeof document === 'undefined') return

      const scope = effectScope(true)
      const end = watchAuth(client, (next) => (shown.value = next))
      const clerk = useAuth && app.runWithContext(useAuth)
      scope.run(() => clerk && watchEffect(() => client.setIdentity(toClerkState(clerk))))
      client.start()
      app.onUnmount(() => {
        scope.stop()
        end()
        client.stop()
      })
    },
  }
}

/** The refs of Clerk's composable as they are now. */
const toClerkState = (refs: ReturnType<VueUseAuth>): ClerkState => ({
  isLoaded: unref(refs.isLoaded),
  isSignedIn: unref(refs.isSignedIn),
  userId: unref(refs.userId),
  sessionId: unref(refs.sessionId),
  orgId: unref(refs.orgId),
  orgRole: unref(refs.orgRole),
  sessionClaims: unref(refs.sessionClaims),
  getToken: unref(refs.getToken),
})
