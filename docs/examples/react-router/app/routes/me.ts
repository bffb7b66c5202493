import { getAuth } from '../auth.server'

export async function loader({ request }: { request: Request }) {
  try {
    const { userId, orgId } = await getAuth().require(request)
    return Response.json({ userId, orgId })
  } catch (error) {
    return getAuth().toResponse(error)
  }
}
