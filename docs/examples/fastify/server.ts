import { createAuthServer } from 'authchart/h3'
/**
 * A Fastify app with a route for signed-in users only.
 *
 * CLERK_SECRET_KEY=sk_test_… CLERK_PUBLISHABLE_KEY=pk_test_… npx tsx server.ts
 */
import Fastify from 'fastify'

const port = Number(process.env['PORT'] ?? 3000)
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })

const fastify = Fastify()
fastify.all('/auth/*', auth.node)

fastify.get('/api/me', async (request) => {
  const { userId, orgId } = await auth.require(request)
  return { userId, orgId }
})

/** Answers an error of `auth.require` with its problem document. Any other error goes on to Fastify. */
fastify.setErrorHandler((error, _request, reply) => reply.send(auth.toResponse(error)))

await fastify.listen({ port })
console.log(`http://localhost:${port}`)

process.once('SIGTERM', async () => {
  await auth.close()
  await fastify.close()
})
