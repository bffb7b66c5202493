import { bindClerk, createAuthClient, type AuthClientOptions, type ClerkLike } from 'authchart/client'

/** Does the work of the provider on a page without React. */
export function startSync(clerk: ClerkLike, options?: AuthClientOptions) {
  const client = createAuthClient(options)
  const unbind = bindClerk(client, clerk)
  client.start()
  return {
    client,
    stop() {
      unbind()
      client.stop()
    },
  }
}
