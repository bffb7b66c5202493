import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import type { Logger } from '../logger.ts'
import { toChannel } from './parse-auth-request.ts'
import type { SessionCookie } from './session-cookie.ts'

const remedy =
  'Over plain http in production, serve the page over https or set cookie.secure: false. If the page is on another site, ' +
  "set cookie.sameSite: 'none', if need be with cookie.partitioned: true, and give the client credentials: 'include'. " +
  'Otherwise the browser blocks cookies.'

/**
 * @returns a check for requests whose client was told of a session. A browser that then sends no session cookie keeps
 * none, and would be given one session after another. The check throws `cookie-missing`, or `request-malformed` for an
 * invalid channel.
 */
export function createRequireCookie(cookie: SessionCookie, logger: Logger): (event: H3Event) => void {
  let isLogged = false

  return (event) => {
    if (toChannel(event) === null || cookie.isSent(event)) return
    if (!isLogged) logger.warn('cookie.missing', { name: cookie.name, remedy })
    isLogged = true
    throw new AuthError('cookie-missing', `The browser did not send the session cookie. ${remedy}`)
  }
}
