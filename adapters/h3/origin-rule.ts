import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { originless } from '../origins.ts'
import { connectionHeader, setAnswerHeaders } from './answer-headers.ts'
import type { HeaderReader, RequestFacts } from './request-facts.ts'
import { isListed, isOriginOf, toHost } from './request-host.ts'

/**
 * Decides which requests may use a session, so that no other site can sign a browser in or out or read its stream
 * (OWASP, "Cross-Site Request Forgery Prevention": Fetch Metadata, with Origin as the fallback).
 */
export interface OriginRule {
  /**
   * Adds `Vary: Origin` to every answer, refusals included, if origins are listed, because caches must keep the answers
   * apart.
   */
  vary(event: H3Event): void
  /**
   * @param isChange False if the request changes nothing and may pass without telling where it comes from. Default: by
   * its method.
   * @returns the listed origin of the page, or null if another rule lets the request pass
   * @throws AuthError `origin-rejected`
   */
  check(event: RequestFacts, isChange?: boolean): string | null
  /**
   * Checks the request and allows the page of a listed origin to read the answer. @throws AuthError `origin-rejected`
   */
  require(event: H3Event): void
  /** Answers a preflight (Fetch, §4.8). @throws AuthError `origin-rejected` */
  preflight(event: H3Event): string
}

const maxAge = 600
/** The headers that the client reads in addition to those which every page may read. */
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

/**
 * A browser never adds a Bearer token by itself. It does add a saved password (RFC 7617), also to requests from other
 * sites.
 */
const isBearer = (headers: HeaderReader) => /^bearer +\S/i.test(headers.get('authorization') ?? '')

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * True if a request may change something (RFC 9110 §9.2.1) or opens a WebSocket, over which a page of any origin could
 * then send and read (RFC 6455 §10.2).
 */
export function isUnsafe({ req: { method, headers } }: RequestFacts): boolean {
  return !safeMethods.has(method) || headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** @throws AuthError `host-rejected` unless the host of the request is listed, with its port or for any port */
export function requireHost(event: RequestFacts, allowedHosts: ReadonlySet<string> | null) {
  if (allowedHosts && !isListed(toHost(event), allowedHosts)) throw new AuthError('host-rejected')
}

const rejected = (detail: string) => new AuthError('origin-rejected', `The origin is not allowed: ${detail}`)
