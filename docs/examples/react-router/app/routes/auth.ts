import { getAuth } from '../auth.server'

const handle = async ({ request }: { request: Request }) =>
  (await getAuth().fetch(request)) ?? new Response(null, { status: 404 })
export { handle as action, handle as loader }
