import { createAuthServer } from 'authchart/h3'
/**
 * An Express app with a route for signed-in users only.
 *
 * CLERK_SECRET_KEY=sk_test_… CLERK_PUBLISHABLE_KEY=pk_test_… npx tsx server.ts
 */
import express, { type NextFunction, type Request, type Response } from 'express'

const port = Number(process.env['PORT'] ?? 3000)
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })

const app = express()
app.use(auth.node)

app.get('/api/me', async (request, response) => {
  const { userId, orgId } = await auth.require(request)
  response.json({ userId, orgId })
})

/** Answers an error of `auth.require` with its problem document. Any other error goes on to Express. */
app.use(async (error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const answer = auth.toResponse(error)
  response
    .status(answer.status)
    .set(Object.fromEntries(answer.headers))
    .send(await answer.text())
})

const server = app.listen(port, () => console.log(`http://localhost:${port}`))

process.once('SIGTERM', async () => {
  await auth.close()
  server.close()
})
