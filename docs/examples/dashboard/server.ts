/** A live dashboard. The server ends its stream at the moment at which the user is signed out. */
import { freemem, loadavg, totalmem } from 'node:os'
import { createAuthServer } from 'authchart/h3'
import { H3, HTTPError, createEventStream, serve } from 'h3'
import { servePage } from '../shared/serve-page.ts'
import type { Numbers } from './numbers.ts'

const port = Number(process.env['PORT'] ?? 3000)
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })

const app = new H3()
app.register(auth.plugin)

app.use('/api/**', auth.requireAuth())
app.get('/api/numbers', (event) => {
  // It aborts at a sign-out in any tab, at expiry, at a revocation, and when another user takes the session over.
  const signal = auth.signal(event)
  if (signal.aborted) throw new HTTPError({ status: 401, message: 'No user is signed in' })

  const stream = createEventStream(event)
  const push = () => void stream.push(JSON.stringify(measure()))
  const timer = setInterval(push, 1_000)
  const end = () => void stream.close()
  signal.addEventListener('abort', end)
  stream.onClosed(() => {
    clearInterval(timer)
    signal.removeEventListener('abort', end)
  })
  push()
  return stream.send()
})
app.get('/**', servePage)

/** What this machine and this server do at the moment. */
function measure(): Numbers {
  const { signedIn, streams } = auth.stats()
  return {
    load: loadavg()[0] ?? 0,
    memory: 1 - freemem() / totalmem(),
    signedIn,
    tabs: streams,
    time: Date.now(),
  }
}

serve(app, { port, hostname: 'localhost', gracefulShutdown: false })

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, async () => {
    await auth.close()
    process.exit()
  })
}
