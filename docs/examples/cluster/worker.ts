import { createAuthServer } from 'authchart/h3'
import { createRedisSessionStore } from 'authchart/redis'
/** One process of the cluster. It is an ordinary server whose sessions are in Redis. */
import { H3, serve } from 'h3'
import { servePage } from '../shared/serve-page.ts'

const port = Number(process.env['PORT'] ?? 3000)
const store = createRedisSessionStore({ url: process.env['REDIS_URL'] ?? 'redis://localhost:6379' })
const auth = createAuthServer({ store, claims: { authorizedParties: [`http://localhost:${port}`] } })

const app = new H3()
app.register(auth.plugin)

app.use('/api/**', auth.requireAuth())
app.get('/api/process', (event) => {
  // Without keep-alive the next request of this browser may go to another process, so that one sees them all.
  event.res.headers.set('connection', 'close')
  return { pid: process.pid, streams: auth.stats().streams }
})
app.get('/**', servePage)

// The primary listens, and gives each connection to the next process in turn. On Linux with Node 22.12 or later,
// `reusePort: true` in place of `node` lets the kernel do this, without a step through the primary.
const node = { exclusive: false }
await serve(app, { port, hostname: 'localhost', node, silent: true, gracefulShutdown: false }).ready()

process.once('SIGTERM', async () => {
  await auth.close()
  await store.close()
  process.exit()
})
// Ctrl+C reaches every process of a terminal. The primary then sends SIGTERM.
process.on('SIGINT', () => {})
