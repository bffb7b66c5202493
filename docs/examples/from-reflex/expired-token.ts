import type { ClerkEmulator } from 'authchart/testing'

/** For a test of your app: a token that ran out two minutes ago, posted as the browser would. */
export async function postExpiredToken(clerk: ClerkEmulator, origin: string, email: string): Promise<Response> {
  const exp = Math.floor(Date.now() / 1_000) - 120
  const token = clerk.mintToken({ session: clerk.createSession(email), claims: { iat: exp - 60, nbf: exp - 70, exp } })
  return fetch(`${origin}/auth/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ type: 'token.received', token }),
  })
}
