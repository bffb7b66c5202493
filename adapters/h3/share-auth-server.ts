import type { AuthServer } from './auth-server.ts'

/** Every copy of this package in one process shares this symbol. */
const registry = Symbol.for('authchart.servers')

type Registry = Map<string, AuthServer>

/**
 * Gives every copy of a module the same server. A bundler may put a module into several bundles of one process, as Next
 * does for its route handlers and pages, and a dev server may load it again after a change. Without this each copy
 * would have its own sessions.
 *
 * @param key The name of the server in this process.
 * @param create Makes the server if there is none under that key. A changed configuration takes effect after `close` or
 * in a new process.
 * @throws TypeError if the key is empty or `create` is not a function
 * @example
 * export const auth = shareAuthServer('app', () => createAuthServer({ claims: { authorizedParties } }))
 */
export function shareAuthServer(key: string, create: () => AuthServer): AuthServer {
  if (typeof key !== 'string' || key === '') throw new TypeError('shareAuthServer: key must be a name, such as app')
  if (typeof create !== 'function') throw new TypeError('shareAuthServer: create must be a function')
  const servers = toRegistry()
  const known = servers.get(key)
  if (known) return known
  const server = create()
  const shared: AuthServer = {
    ...server,
    async close(options) {
      // Removed first, so that a call during the close gets a working server.
      if (servers.get(key) === shared) servers.delete(key)
      await server.close(options)
    },
  }
  servers.set(key, shared)
  return shared
}

function toRegistry(): Registry {
  const holder = globalThis as { [registry]?: Registry }
  return (holder[registry] ??= new Map())
}
