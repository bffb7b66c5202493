import { getAuth } from '$lib/server/auth'

export const load = async ({ request }: { request: Request }) => ({ view: await getAuth().publicView(request) })
