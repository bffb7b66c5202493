import type { H3Event } from 'h3'
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

const loopback = /^(localhost|(.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\])$/
/** A proxy was on the way, whatever host the request seems to be for. */
const forwarding = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const

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

/**
 * True for development on one machine, where browsers may refuse a `Secure` cookie over http. A proxy that rewrites
 * `Host` to `localhost` gives itself away by its own headers, or by the browser's `Origin` or `Referer`.
 */
function isLocal(event: H3Event): boolean {
  const { headers } = event.req
  const pages = [headers.get('origin'), headers.get('referer')]
  return (
    event.url.protocol === 'http:' &&
    loopback.test(event.url.hostname) &&
    !forwarding.some((name) => headers.has(name)) &&
    pages.every((page) => page === null || (URL.canParse(page) && loopback.test(new URL(page).hostname)))
  )
}
