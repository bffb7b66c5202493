/**
 * A Hono app on Node with a route for signed-in users only.
 *
 * CLERK_SECRET_KEY=sk_test_… CLERK_PUBLISHABLE_KEY=pk_test_… npx tsx server.ts
 */
import { serve } from '@hono/node-server'
import { createAuthServer } from 'authchart/h3'
import { Hono } from 'hono'

const port = Number(process.env['PORT'] ?? 3000)
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })

const app = new Hono()
app.use(async ({ req }, next) => (await auth.fetch(req.raw)) ?? next())

app.get('/api/me', async ({ req, json }) => {
  const { userId, orgId } = await auth.require(req.raw)
  return json({ userId, orgId })
})

/** Answers an error of `auth.require` with its problem document. Any other error goes on to Hono. */
app.onError((error) => auth.toResponse(error))

const server = serve({ fetch: app.fetch, port }, () => console.log(`http://localhost:${port}`))

process.once('SIGTERM', async () => {
  await auth.close()
  server.close()
})
