/** A process with one auth server in it, which tells its parent where it is and what it holds. */
import { H3, serve } from 'h3'
import { createAuthServer } from '../../adapters/h3/index.ts'
import type { BenchOptions, BenchReport } from './start-server.ts'

const { jwks, ...options } = JSON.parse(process.argv[2] ?? '{}') as BenchOptions
const auth = createAuthServer({
  keys: { jwks: jwks as never },
  clerk: { webhookSecret: options.webhookSecret },
  claims: { issuer: 'https://clerk.example.test' },
  logger: { error: console.error },
})
const app = new H3({ silent: true })
app.register(auth.plugin)
const server = serve(app, { port: 0, hostname: '127.0.0.1', silent: true, gracefulShutdown: false })
await server.ready()
process.send?.({ url: server.url?.replace(/\/$/, '') })

process.on('message', () => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const report: BenchReport = { rss, heapUsed, cpu: process.cpuUsage(), ...auth.stats() }
  process.send?.(report)
})
process.on('disconnect', () => process.exit(0))
