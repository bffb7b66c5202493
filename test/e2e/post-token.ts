import type { World } from './world.ts'

/** Posts a token as a client does that has no cookie and only the token. */
export async function postToken({ app }: World, token: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}/auth/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: app.url },
    body: JSON.stringify({ type: 'token.received', token }),
  })
  const body = (await response.json()) as Record<string, unknown>
  return { ...body, status: response.status, cookie: response.headers.get('set-cookie') }
}
