import { createAuthServer, shareAuthServer } from 'authchart/h3'
import { connection } from 'next/server'

const origin = process.env.ORIGIN ?? 'http://localhost:3000'

/** Route handlers and pages are bundled apart: this gives both the same server. */
export async function getAuth() {
  // A view holds at the moment of a request, so Next must not render it ahead of time. `next build` also has no keys.
  await connection()
  return shareAuthServer('app', () => createAuthServer({ claims: { authorizedParties: [origin] } }))
}
