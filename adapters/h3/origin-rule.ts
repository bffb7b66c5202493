import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { originless } from '../origins.ts'
import { connectionHeader, setAnswerHeaders } from './answer-headers.ts'
import type { HeaderReader, RequestFacts } from './request-facts.ts'
import { isListed, isOriginOf, toHost } from './request-host.ts'

/**
 * Who may talk to a session, so that no other site signs a browser in or out or listens in (OWASP, "Cross-Site Request
 * Forgery Prevention": Fetch Metadata, with Origin as the fallback).
 */
export interface OriginRule {
  /** Tells caches that answers differ by origin, where some are listed: of every answer, a refusal too. */
  vary(event: H3Event): void
  /**
   * @param isChange False where a request from nowhere may pass, since it changes nothing. Default: by its method.
   * @returns the listed origin whose page asks, or null where another rule lets it pass
   * @throws AuthError `origin-rejected`
   */
  check(event: RequestFacts, isChange?: boolean): string | null
  /** The same, and lets the page of a listed origin read the answer. @throws AuthError `origin-rejected` */
  require(event: H3Event): void
  /** Answers a preflight (Fetch, §4.8). @throws AuthError `origin-rejected` */
  preflight(event: H3Event): string
}

const maxAge = 600
/** What the client reads, beside what every page may. */
const exposed = `Retry-After, ${connectionHeader}`

export function createOriginRule(allowedOrigins: readonly string[]): OriginRule {
  const allowed = new Set(allowedOrigins)

  function allow({ res }: H3Event, origin: string) {
    res.headers.set('access-control-allow-origin', origin)
    res.headers.set('access-control-allow-credentials', 'true')
    res.headers.set('access-control-expose-headers', exposed)
  }

  function check(event: RequestFacts, isChange = isUnsafe(event)): string | null {
    const { headers } = event.req
    const origin = headers.get('origin')
    if (origin !== null && allowed.has(origin)) return origin
    if (origin === 'null') throw rejected(`an opaque origin never passes: ${originless}`)
    const site = headers.get('sec-fetch-site')
    if (site === 'same-origin') return null
    if (site === 'cross-site' || site === 'same-site') {
      throw rejected('the page is of another origin; list it in allowedOrigins')
    }
    if (origin !== null) {
      if (isOriginOf(origin, toHost(event))) return null
      throw rejected('Origin is not of the host that the request is for; list it in allowedOrigins')
    }
    if (isChange && !isBearer(headers)) {
      throw rejected(
        'nothing tells where it comes from; send Origin, from one listed in allowedOrigins, or a Bearer token',
      )
    }
    return null
  }

  return {
    vary({ res }) {
      if (allowed.size > 0) res.headers.append('vary', 'Origin')
    },
    check,
    require(event) {
      const origin = check(event)
      if (origin !== null) allow(event, origin)
    },
    preflight(event) {
      const origin = event.req.headers.get('origin')
      if (origin === null || !allowed.has(origin)) throw rejected('the origin is not listed in allowedOrigins')
      allow(event, origin)
      const { res } = event
      res.status = 204
      setAnswerHeaders(res.headers)
      res.headers.set('access-control-allow-methods', 'GET, POST')
      res.headers.set('access-control-allow-headers', 'Authorization, Content-Type')
      res.headers.set('access-control-max-age', String(maxAge))
      return ''
    },
  }
}

/** No browser adds a Bearer token by itself; it does add a password (RFC 7617), to what other sites send too. */
const isBearer = (headers: HeaderReader) => /^bearer +\S/i.test(headers.get('authorization') ?? '')

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * True where a request may change something (RFC 9110 §9.2.1), or opens a WebSocket, over which a page of any origin may
 * then send and read what it likes (RFC 6455 §10.2).
 */
export function isUnsafe({ req: { method, headers } }: RequestFacts): boolean {
  return !safeMethods.has(method) || headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** @throws AuthError `host-rejected` unless the host of the request is on the list, with its port or for any. */
export function requireHost(event: RequestFacts, allowedHosts: ReadonlySet<string> | null) {
  if (allowedHosts && !isListed(toHost(event), allowedHosts)) throw new AuthError('host-rejected')
}

const rejected = (detail: string) => new AuthError('origin-rejected', `The origin is not allowed: ${detail}`)
