import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'

/**
 * Who may talk to a session, so that no other site signs a browser in or out or listens in (OWASP, "Cross-Site Request
 * Forgery Prevention": Fetch Metadata, with Origin as the fallback).
 */
export interface OriginRule {
  /** The listed origin of a cross-origin request that passes, null for one from the same origin. @throws AuthError `origin-rejected` */
  require(event: H3Event): string | null
  /** The headers that let the page of a listed origin read the answer. */
  toCorsHeaders(origin: string | null): Record<string, string>
  /** Answers a preflight (Fetch, §4.8). @throws AuthError `origin-rejected` */
  preflight(event: H3Event): Response
}

const maxAge = 600

export function createOriginRule(allowedOrigins: readonly string[]): OriginRule {
  const allowed = new Set(allowedOrigins)
  const vary: Record<string, string> = allowed.size > 0 ? { vary: 'Origin' } : {}

  const toCorsHeaders = (origin: string | null): Record<string, string> =>
    origin === null
      ? vary
      : {
          ...vary,
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'Retry-After',
        }

  return {
    toCorsHeaders,
    require(event) {
      const { method, headers } = event.req
      const origin = headers.get('origin')
      if (origin !== null && allowed.has(origin)) return origin
      if (origin === 'null') throw rejected('an opaque origin never passes')
      const site = headers.get('sec-fetch-site')
      if (site === 'same-origin') return null
      if (site === 'cross-site' || site === 'same-site') {
        throw rejected('the page is of another origin; list it in allowedOrigins')
      }
      if (origin !== null) {
        if (isHost(origin, headers.get('host'))) return null
        throw rejected('Origin and Host differ; list the origin in allowedOrigins')
      }
      if (method === 'POST' && !headers.has('authorization')) {
        throw rejected(
          'nothing tells where it comes from; send Origin, from one listed in allowedOrigins, or Authorization',
        )
      }
      return null
    },
    preflight(event) {
      const origin = event.req.headers.get('origin')
      if (origin === null || !allowed.has(origin)) throw rejected('the origin is not listed in allowedOrigins')
      return new Response(null, {
        status: 204,
        headers: {
          ...toCorsHeaders(origin),
          'cache-control': 'no-store',
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'Authorization, Content-Type',
          'access-control-max-age': String(maxAge),
        },
      })
    },
  }
}

/** @throws AuthError `host-rejected` unless `Host` is on the list, with its port or for any. */
export function requireHost(event: H3Event, allowedHosts: ReadonlySet<string> | null) {
  if (!allowedHosts) return
  const host = event.req.headers.get('host')?.toLowerCase() ?? ''
  if (!allowedHosts.has(host) && !allowedHosts.has(host.replace(/:\d+$/, ''))) throw new AuthError('host-rejected')
}

function isHost(origin: string, host: string | null): boolean {
  return host !== null && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

const rejected = (detail: string) => new AuthError('origin-rejected', `The origin is not allowed: ${detail}`)
