import type { H3Event } from 'h3'
import { AuthError } from '../../machines/auth-error.ts'
import { createSecretId } from '../hub/cookies/secret-id.ts'
import type { LocalPage } from '../inspector/local-page.ts'
import { answerHeaders, setAnswerHeaders } from './answer-headers.ts'
import { isFromThisMachine } from './local-request.ts'
import { openStream } from './open-stream.ts'
import { readCookie } from './request-cookies.ts'
import type { StartSseStream } from './sse-stream.ts'

export interface InspectRouteOptions {
  readonly page: LocalPage
  readonly startStream: StartSseStream
}

const cookieName = 'authchart-inspect'

/** @returns the routes of the inspector's page and of its stream, which answer 404 to any other machine */
export function createInspectRoutes({ page, startStream }: InspectRouteOptions) {
  function requireLocal(event: H3Event) {
    if (!isFromThisMachine(event)) throw new AuthError('not-found')
  }
  const hasCookie = (event: H3Event) =>
    readCookie(event.req.headers.get('cookie'), cookieName).some((value) => page.isCookie(value))

  function answerPage({ res }: H3Event, status: number, write: (nonce: string) => string): string {
    const nonce = createSecretId()
    res.status = status
    for (const [name, value] of Object.entries(toPageHeaders(nonce))) res.headers.set(name, value)
    return write(nonce)
  }

  /**
   * Exchanges the key in the address for a cookie at once, so that the browser history does not keep the key. The
   * address and the cookie's path are relative to the page, because only the browser knows the prefix that an app may
   * be mounted under. The browser sends a cookie without a path to the folder of the page that set it (RFC 6265
   * §5.1.4).
   */
  function getPage(event: H3Event): string | null {
    requireLocal(event)
    const key = event.url.searchParams.get('key')
    const cookie = key === null ? null : page.exchange(key)
    if (cookie !== null) {
      const { headers } = event.res
      event.res.status = 303
      headers.set('set-cookie', `${cookieName}=${cookie}; HttpOnly; SameSite=Strict`)
      setAnswerHeaders(headers)
      headers.set('referrer-policy', 'no-referrer')
      headers.set('location', 'inspect')
      return null
    }
    if (key !== null || !hasCookie(event)) return answerPage(event, 403, (nonce) => page.toRefusal(nonce))
    return answerPage(event, 200, (nonce) => page.toDocument(nonce))
  }

  function getEvents(event: H3Event): unknown {
    requireLocal(event)
    if (!hasCookie(event)) throw new AuthError('forbidden', 'Open the page of the inspector by a new link first')
    const id = event.url.searchParams.get('session')
    return openStream(event, {
      tab: undefined,
      startStream,
      attach: (stream) => page.watch(id, (frame) => stream.send(frame)),
    })
  }

  return { '/inspect': { GET: getPage }, '/inspect/events': { GET: getEvents } } as const
}

function toPageHeaders(nonce: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    ...answerHeaders,
    'content-security-policy': [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}
