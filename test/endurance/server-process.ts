/**
 * A server in a process of its own that ends as docs/server.md says. It tells its parent its address and its memory.
 */
import type { Socket } from 'node:net'
import { H3, serve } from 'h3'
import { createAuthServer } from '../../adapters/h3/index.ts'
import type { ServerOptions, ServerReport } from './start-server.ts'

const { jwks } = JSON.parse(process.argv[2] ?? '{}') as ServerOptions
const auth = createAuthServer({
  keys: { jwks: jwks as never },
  clerk: {},
  claims: { issuer: 'https://clerk.example.test' },
  limits: { sessionsPerUser: 1e6, sessionsPerClerkSession: 1e6, streamsPerSession: 10_000, requestsPerSession: 1e6 },
  logger: { warn: () => {} },
})
const app = new H3({ silent: true })
app.register(auth.plugin)
const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
await server.ready()

const sockets = new Set<Socket>()
server.node?.server?.on('connection', (socket: Socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})
const countStalled = () => [...sockets].filter(({ writableLength }) => writableLength > 0).length

process.once('SIGTERM', async () => {
  await auth.close()
  await server.close()
  process.disconnect()
})

process.on('message', () => {
  // The second collection frees what the first one finalises.
  for (let time = 0; time < 2; time += 1) globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  process.send?.({ rss, heapUsed, stalled: countStalled(), ...auth.stats() } satisfies ServerReport)
})
process.on('disconnect', () => process.exitCode === undefined && process.exit(0))
process.send?.(Number(new URL(server.url ?? '').port))
