import { createAuthServer } from 'authchart/h3'
import { createRedisSessionStore } from 'authchart/redis'
/** One of the nodes. Its only difference to a single server is the store. */
import { H3, serve } from 'h3'
import { servePage } from '../shared/serve-page.ts'

const node = process.env['NODE_NAME'] ?? 'a'
const store = createRedisSessionStore({ url: process.env['REDIS_URL'] ?? 'redis://localhost:6379' })
// The origin is that of nginx, which is the only address that browsers know.
const auth = createAuthServer({
  store,
  claims: { authorizedParties: [process.env['ORIGIN'] ?? 'http://localhost:3000'] },
})

const app = new H3()
app.register(auth.plugin)

app.use('/api/**', auth.requireAuth())
app.get('/api/node', async (event) => {
  const { userId } = await auth.session(event)
  return { node, userId, streams: auth.stats().streams }
})
app.get('/**', servePage)

const port = Number(process.env['NODE_PORT'] ?? 3001)
await serve(app, { port, hostname: '127.0.0.1', silent: true, gracefulShutdown: false }).ready()
console.log(`node ${node} listens`)

process.once('SIGTERM', async () => {
  await auth.close()
  await store.close()
  process.exit()
})
// Ctrl+C reaches every process of a terminal. The script that started this one then sends SIGTERM.
process.on('SIGINT', () => {})
