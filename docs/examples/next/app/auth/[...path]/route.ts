import { getAuth } from '../../../lib/auth'

const handle = async (request: Request) => (await getAuth().fetch(request)) ?? new Response(null, { status: 404 })
export { handle as GET, handle as OPTIONS, handle as POST }
