/**
 * A node in a process of its own that can be killed. It has one auth server on Redis or SQLite, and tells its parent
 * its address.
 */
import { H3, serve } from 'h3'
import { createAuthServer } from '../../adapters/h3/index.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { createSqliteSessionStore } from '../../adapters/sqlite/index.ts'
import type { NodeOptions, NodeReport } from './start-node.ts'

const { redis, sqlite, jwks, port, timeout } = JSON.parse(process.argv[2] ?? '{}') as NodeOptions
const store = sqlite
  ? createSqliteSessionStore({ path: sqlite })
  : createRedisSessionStore({ url: redis, timeout, logger: {} })
const auth = createAuthServer({
  store,
  secret: 'what all nodes of the kill test have',
  keys: { jwks: jwks as never },
  clerk: {},
  claims: { issuer: 'https://clerk.example.test' },
  logger: {},
})
const app = new H3({ silent: true })
app.get('/ready', async () => {
  await store.ready?.('current')
  return new Response(null, { status: 204 })
})
app.register(auth.plugin)
const server = serve(app, { port, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
await server.ready()
process.send?.('listening')
process.on('message', () => {
  // The second collection frees what the first one finalises.
  for (let time = 0; time < 2; time += 1) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ cpu: user + system, heapUsed, rss, ...auth.stats() } satisfies NodeReport)
})
process.on('disconnect', () => process.exit(0))
