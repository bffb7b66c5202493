import type { APIRoute } from 'astro'
import { getAuth } from '../../lib/auth'

export const GET: APIRoute = async ({ request }) => {
  try {
    const { userId, orgId } = await getAuth().require(request)
    return Response.json({ userId, orgId })
  } catch (error) {
    return getAuth().toResponse(error)
  }
}
