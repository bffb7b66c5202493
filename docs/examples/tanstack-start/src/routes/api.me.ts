import { createFileRoute } from '@tanstack/react-router'
import { getAuth } from '../lib/auth'

export const Route = createFileRoute('/api/me')({
  server: {
    handlers: {
      GET: async ({ request }) => {
        try {
          const { userId, orgId } = await getAuth().require(request)
          return Response.json({ userId, orgId })
        } catch (error) {
          return getAuth().toResponse(error)
        }
      },
    },
  },
})
