import { createAuthClient, type AuthClient, type AuthClientOptions } from 'authchart/client'

/**
 * The client of an app. With Expo, give it `fetch` of `expo/fetch`, and `stream: true`: it reads streams, which the `fetch`
 * of React Native does not.
 */
export function createAppClient({ fetch = globalThis.fetch, ...options }: AuthClientOptions): AuthClient {
  return createAuthClient({
    ...options,
    // Nothing else tells the server where a post comes from, since an app is no page.
    fetch(url, init) {
      const headers = new Headers(init?.headers)
      headers.set('origin', 'my-app://native')
      return fetch(url, { ...init, headers })
    },
  })
}

/** `AppState` of React Native. */
interface AppStateLike {
  readonly currentState: string
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void }
}

/** Rests while the app is in the background, where its connections are cut. Returns the function that ends it. */
export function followAppState(client: AuthClient, appState: AppStateLike): () => void {
  const follow = (state: string) => {
    if (state === 'active') client.start()
    if (state === 'background') client.stop()
  }
  follow(appState.currentState)
  const subscription = appState.addEventListener('change', follow)
  return () => subscription.remove()
}

/** What NetInfo of `@react-native-community/netinfo` gives. */
interface NetInfoLike {
  addEventListener(listener: (state: { readonly isConnected: boolean | null }) => void): () => void
}

/** Tries again at once when the network is back. Returns the function that ends it. */
export function followNetwork(client: AuthClient, netInfo: NetInfoLike): () => void {
  return netInfo.addEventListener(({ isConnected }) => {
    if (isConnected) client.actor.send({ type: 'network.online' })
  })
}
