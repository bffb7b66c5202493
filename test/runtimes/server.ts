/** The server for run.ts, on the web-standard server of Bun or Deno. */
import { createAuthServer } from '../../adapters/h3/index.ts'

type Fetch = (request: Request) => Promise<Response>

interface Runtime {
  readonly Bun?: { serve(options: { port: number; fetch: Fetch }): unknown }
  readonly Deno?: { serve(options: { port: number }, fetch: Fetch): unknown }
}

const { Bun, Deno } = globalThis as Runtime
const port = Number(process.env['PORT'])
const auth = createAuthServer({ claims: { authorizedParties: [`http://localhost:${port}`] } })

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/stats') return Response.json(auth.stats())
  try {
    const { userId } = await auth.require(request)
    return Response.json({ userId })
  } catch (error) {
    return auth.toResponse(error)
  }
}

const handle: Fetch = async (request) => (await auth.fetch(request)) ?? answer(request)

if (Bun) Bun.serve({ port, fetch: handle })
else Deno?.serve({ port }, handle)
