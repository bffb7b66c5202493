import { createAuthClient, type AuthClient, type AuthClientOptions } from 'authchart/client'

/**
 * Creates the client of an app. With Expo, pass `fetch` of `expo/fetch` and `stream: true`: that `fetch` reads
 * streams, and the one of React Native does not.
 */
export function createAppClient({ fetch = globalThis.fetch, ...options }: AuthClientOptions): AuthClient {
  return createAuthClient({
    ...options,
    // An app is not a page, so only this header tells the server where a post comes from.
    fetch(url, init) {
      const headers = new Headers(init?.headers)
      headers.set('origin', 'my-app://native')
      return fetch(url, { ...init, headers })
    },
  })
}

/** The part of React Native's `AppState` that is used here. */
interface AppStateLike {
  readonly currentState: string
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void }
}

/**
 * Pauses the client while the app is in the background, where its connections are cut.
 *
 * @returns a function that ends this
 */
export function followAppState(client: AuthClient, appState: AppStateLike): () => void {
  const follow = (state: string) => {
    if (state === 'active') client.start()
    if (state === 'background') client.stop()
  }
  follow(appState.currentState)
  const subscription = appState.addEventListener('change', follow)
  return () => subscription.remove()
}

/** The part of NetInfo of `@react-native-community/netinfo` that is used here. */
interface NetInfoLike {
  addEventListener(listener: (state: { readonly isConnected: boolean | null }) => void): () => void
}

/**
 * Makes the client try again at once when the network is back.
 *
 * @returns a function that ends this
 */
export function followNetwork(client: AuthClient, netInfo: NetInfoLike): () => void {
  return netInfo.addEventListener(({ isConnected }) => {
    if (isConnected) client.actor.send({ type: 'network.online' })
  })
}
