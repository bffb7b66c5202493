import { getAuth } from '$lib/server/auth'
import type { Handle } from '@sveltejs/kit'

export const handle: Handle = async ({ event, resolve }) => (await getAuth().fetch(event.request)) ?? resolve(event)
