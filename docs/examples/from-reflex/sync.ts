import { bindClerk, createAuthClient } from 'authchart/client'
import type { AuthClientOptions, ClerkLike } from 'authchart/client'

/** What the provider does, for a page without React. */
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
