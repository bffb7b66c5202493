import type { H3Event } from 'h3'
import type { Logger } from '../logger.ts'
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

export function createSessionCookie(options: Required<CookieOptions>, logger: Logger): SessionCookie {
  const { name, sameSite, secure } = options
  const attributes = `HttpOnly; Path=/; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`
  const isSecure = (event: H3Event) => secure === true || sameSite === 'none' || !isLocal(event)

  let isMixed = false

  /** Told once: some requests of a browser look local and others do not, and so its sessions never meet. */
  function warnOfMixed(header: string | null) {
    if (isMixed || readCookie(header, name).length === 0) return
    isMixed = true
    logger.warn('cookie.mixed', { name })
  }

  return {
    read(event) {
      const header = event.req.headers.get('cookie')
      if (!isSecure(event)) return readCookie(header, name)
      const values = readCookie(header, `__Host-${name}`)
      if (values.length === 0) warnOfMixed(header)
      return values
    },
    toHeader: (event, cookieId) =>
      isSecure(event) ? `__Host-${name}=${cookieId}; ${attributes}; Secure` : `${name}=${cookieId}; ${attributes}`,
  }
}
