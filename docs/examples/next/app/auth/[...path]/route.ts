import { getAuth } from '../../../lib/auth'

async function handle(request: Request) {
  const auth = await getAuth()
  return (await auth.fetch(request)) ?? new Response(null, { status: 404 })
}
export { handle as GET, handle as OPTIONS, handle as POST }
