import { isSecretId } from '../hub/cookies/secret-id.ts'
import type { Logger } from '../logger.ts'
import { isLoopback, isPlainHttp } from './local-request.ts'
import { readCookie } from './request-cookies.ts'
import type { RequestFacts } from './request-facts.ts'

/** Options of the session cookie. */
export interface CookieOptions {
  /**
   * The default is `authchart`. For another base path than `/auth` it is named after the path, such as
   * `authchart-api-auth` for `/api/auth`, so that two servers work side by side. A `Secure` cookie gets the prefix
   * `__Host-` (RFC 6265bis §4.1.3.2).
   */
  readonly name?: string
  /** Default `lax`. Use `none` if the page and this server are on different sites; the cookie is `Secure` then. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /**
   * Default `auto`: the cookie is `Secure` with `NODE_ENV=production`, and otherwise unless the request comes over
   * plain http without a forwarding header. `true`: always. `false`: never, for an intranet without TLS.
   */
  readonly secure?: 'auto' | boolean
  /**
   * Keeps a separate cookie for each site that frames or calls this server (CHIPS). Browsers that block third-party
   * cookies require this. The cookie is `Secure` then. Default false.
   */
  readonly partitioned?: boolean
}

/** The cookie that identifies a server session to its browser. The browser keeps it until it closes. */
export interface SessionCookie {
  /** The name without the prefix. */
  readonly name: string
  /** Returns the values that the browser sent. */
  read(event: RequestFacts): string[]
  /** True where the request carries a session cookie of either name. */
  isSent(event: RequestFacts): boolean
  /** Returns the value of a `Set-Cookie` header. */
  toHeader(event: RequestFacts, cookieId: string): string
}

const sessionIds = { isValue: isSecretId }

const mixedRemedy =
  'Some requests of a browser come over plain http without a forwarding header, and others do not. Let the proxy send ' +
  'X-Forwarded-Proto with every request, or set cookie.secure: true'

const plainRemedy =
  'NODE_ENV is not production, so that the session cookie is not Secure over plain http. If others than the developer use ' +
  'this server, run it with NODE_ENV=production or set cookie.secure: true'

export function createSessionCookie(options: Required<CookieOptions>, logger: Logger): SessionCookie {
  const { name, sameSite, secure, partitioned } = options
  const secureName = `__Host-${name}`
  const attributes = `HttpOnly; Path=/; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`
  const secureAttributes = `${attributes}; Secure${partitioned ? '; Partitioned' : ''}`
  const isSecure = (event: RequestFacts) => (secure === 'auto' ? !isPlainHttp(event) : secure)
  let isMixed = false
  let isPlain = false

  /**
   * Logs once that a browser has only the cookie for plain http on a request over https, so that the two kinds of
   * request use different sessions.
   */
  function warnOfMixed(header: string | null) {
    if (secure !== 'auto' || isMixed || readCookie(header, name).length === 0) return
    isMixed = true
    logger.warn('cookie.mixed', { name, remedy: mixedRemedy })
  }

  /** Logs once that a cookie which is not `Secure` may go to somebody other than the developer. */
  function warnOfPlain(event: RequestFacts) {
    if (secure !== 'auto' || isPlain) return
    if (isLoopback(event) && !event.req.headers.get('origin')?.startsWith('https:')) return
    isPlain = true
    logger.warn('cookie.plain', { name, remedy: plainRemedy })
  }

  return {
    name,
    read(event) {
      const header = event.req.headers.get('cookie')
      const values = readCookie(header, secureName, sessionIds)
      // A secure cookie over plain http comes from a browser that trusts the host, or from a proxy that ends TLS.
      if (!isSecure(event)) return values.concat(readCookie(header, name, sessionIds))
      if (values.length === 0) warnOfMixed(header)
      return values
    },
    isSent(event) {
      const header = event.req.headers.get('cookie')
      return readCookie(header, secureName).length > 0 || readCookie(header, name).length > 0
    },
    toHeader(event, cookieId) {
      // A browser that has the secure cookie keeps it. With one cookie of each kind, the two would name different
      // sessions.
      const hasSecure = secure === 'auto' && readCookie(event.req.headers.get('cookie'), secureName).length > 0
      if (hasSecure || isSecure(event)) return `${secureName}=${cookieId}; ${secureAttributes}`
      warnOfPlain(event)
      return `${name}=${cookieId}; ${attributes}`
    },
  }
}
