import { getAuth } from '../../../lib/auth'

export async function GET(request: Request) {
  const auth = await getAuth()
  try {
    const { userId, orgId } = await auth.require(request)
    return Response.json({ userId, orgId })
  } catch (error) {
    return auth.toResponse(error)
  }
}
