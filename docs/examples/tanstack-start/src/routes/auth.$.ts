import { createFileRoute } from '@tanstack/react-router'
import { getAuth } from '../lib/auth'

const handle = async ({ request }: { request: Request }) =>
  (await getAuth().fetch(request)) ?? new Response(null, { status: 404 })
export const Route = createFileRoute('/auth/$')({
  server: { handlers: { GET: handle, POST: handle, OPTIONS: handle } },
})
