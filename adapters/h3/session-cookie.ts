import type { H3Event } from 'h3'
import { isLocal } from './local-request.ts'
import { readCookie } from './request-cookies.ts'

export interface CookieOptions {
  /** Default `authchart`; where the cookie is `Secure`, it gets the prefix `__Host-` (RFC 6265bis §4.1.3.2). */
  readonly name?: string
  /** Default `lax`. `none` where the app and this server are on different sites. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** `auto`, the default: always, except over plain http on this very machine. */
  readonly secure?: 'auto' | true
}

/** The cookie that names a server session to its browser, for as long as the browser runs. */
export interface SessionCookie {
  /** The values sent. */
  read(event: H3Event): string[]
  /** A `Set-Cookie` value. */
  toHeader(event: H3Event, cookieId: string): string
}

export function createSessionCookie(options: Required<CookieOptions>): SessionCookie {
  const { name, sameSite, secure } = options
  const attributes = `HttpOnly; Path=/; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`
  const isSecure = (event: H3Event) => secure === true || sameSite === 'none' || !isLocal(event)

  return {
    read: (event) => readCookie(event.req.headers.get('cookie'), isSecure(event) ? `__Host-${name}` : name),
    toHeader: (event, cookieId) =>
      isSecure(event) ? `__Host-${name}=${cookieId}; ${attributes}; Secure` : `${name}=${cookieId}; ${attributes}`,
  }
}
