import type { Handle } from '@sveltejs/kit'
import { getAuth } from '$lib/server/auth'

export const handle: Handle = async ({ event, resolve }) => (await getAuth().fetch(event.request)) ?? resolve(event)
