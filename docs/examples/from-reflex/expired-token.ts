import type { ClerkEmulator } from 'authchart/testing'

/** Posts a token that expired two minutes ago, in the way a browser does. Use it in a test of your app. */
export async function postExpiredToken(clerk: ClerkEmulator, origin: string, email: string): Promise<Response> {
  const exp = Math.floor(Date.now() / 1_000) - 120
  const token = clerk.mintToken({ session: clerk.createSession(email), claims: { iat: exp - 60, nbf: exp - 70, exp } })
  return fetch(`${origin}/auth/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ type: 'token.received', token }),
  })
}
