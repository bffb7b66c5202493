import type { AuthServer } from './auth-server.ts'

/** The same in every copy of this package that one process has loaded. */
const registry = Symbol.for('authchart.servers')

type Registry = Map<string, AuthServer>

/**
 * Gives every copy of a module the same server. A bundler may put a module into several bundles of one process, as Next does
 * for its route handlers and its pages, and a dev server may load it again after a change: each copy would otherwise have
 * sessions of its own.
 *
 * @param key Names the server in this process.
 * @param create Called where there is no server of that name. A changed configuration counts after `close`, or in a new
 * process.
 * @throws TypeError where the key is empty or there is no function
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
      // Whoever asks from now on gets a server that works.
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
