import { getAuth } from '$lib/server/auth'

export async function GET({ request }: { request: Request }) {
  try {
    const { userId, orgId } = await getAuth().require(request)
    return Response.json({ userId, orgId })
  } catch (error) {
    return getAuth().toResponse(error)
  }
}
