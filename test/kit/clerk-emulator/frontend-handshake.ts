import { createHash } from 'node:crypto'
import type { H3 } from 'h3'
import { ClerkFailure } from './clerk-failure.ts'
import { isLive } from './client-sessions.ts'
import { isLoopback } from './cross-origin.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { frontendRoute } from './frontend-call.ts'
import { createId } from './identifiers.ts'

/**
 * The handshake, to which the middleware of Clerk's server packages sends a browser whose cookies it cannot judge. The
 * browser comes back with a signed list of cookies, which the middleware sets on the app's own origin.
 */
export function addHandshakeRoute(api: H3, parts: EmulatorParts): void {
  const { clientSessions, minter } = parts
  const suffix = cookieSuffix(parts.publishableKey)

  api.get(
    '/v1/client/handshake',
    frontendRoute(parts, ({ client, query }) => {
      const target = toTarget(query.redirect_url)
      const session = clientSessions.sessions.get(client?.lastActiveSessionId ?? '')
      const isSignedIn = client !== undefined && session !== undefined && isLive(session)
      const values = {
        __clerk_db_jwt: query.__clerk_db_jwt ?? createId('dvb'),
        __client_uat: isSignedIn ? String(Math.floor(client.updatedAt / 1000)) : '0',
        __session: isSignedIn ? minter.mint({ session, azp: target.origin }) : '',
      }
      // A package looks for the names with the suffix of its key, or for the plain ones, by the cookies that it has met.
      const handshake = Object.entries(values).flatMap(([name, value]) =>
        [name, `${name}_${suffix}`].map(
          (name) => `${name}=${value}; Path=/; SameSite=Lax; Max-Age=${value ? 31_536_000 : 0}`,
        ),
      )
      const token = minter.mint({ payload: JSON.stringify({ handshake }), header: { cat: undefined } })
      target.searchParams.set('__clerk_handshake', token)
      return new Response(null, { status: 307, headers: { location: target.href, 'cache-control': 'no-store' } })
    }),
  )
}

/**
 * Returns the page that the browser goes back to.
 *
 * @throws ClerkFailure 400 for a page that is not on this machine, because the address holds a session token
 */
function toTarget(redirectUrl: string | undefined): URL {
  const target = URL.canParse(redirectUrl ?? '') ? new URL(redirectUrl!) : undefined
  if (target && isLoopback(target.hostname)) return target
  throw new ClerkFailure(400, 'url_not_allowed', 'redirect_url must be a page on this machine.')
}

/** What Clerk puts behind the names of an instance's cookies, so that several instances can share a host. */
const cookieSuffix = (publishableKey: string) =>
  createHash('sha1').update(publishableKey).digest('base64url').slice(0, 8)
