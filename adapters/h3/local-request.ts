import type { H3Event } from 'h3'
import type { RequestFacts } from './request-facts.ts'

const loopback = String.raw`(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])`
/** A URL of such a host, with a port or without. Text before an `@` is not the host. */
const loopbackPage = new RegExp(String.raw`^[a-z][a-z\d+.-]*://${loopback}(?::\d*)?(?:[/?#]|$)`, 'i')
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/
/** Headers that a proxy adds, for whatever host the request seems to be. */
const forwarding = [
  'x-forwarded-proto',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
  'forwarded',
  'via',
] as const

/** True for a request over http that no proxy says it has forwarded, so that the page was most likely on http too. */
export function isPlainHttp({ url, req }: RequestFacts): boolean {
  return url.protocol === 'http:' && !forwarding.some((name) => req.headers.has(name))
}

/** True for a request to this very machine's name or address. A proxy on the machine may have put that name there. */
export const isLoopback = ({ url }: Pick<RequestFacts, 'url'>): boolean => loopbackPage.test(url.href)

/** True for plain http to such a host, from no page of another host. */
function isLocal(event: H3Event): boolean {
  const { headers } = event.req
  const pages = [headers.get('origin'), headers.get('referer')]
  return isPlainHttp(event) && isLoopback(event) && pages.every((page) => page === null || loopbackPage.test(page))
}

/**
 * True where this very machine is at the other end of the connection as well, and it is the person or a page of this
 * server that asks: neither a page of another site nor of another port. False where the runtime does not tell the peer.
 */
export function isFromThisMachine(event: H3Event): boolean {
  const peer = event.runtime?.node?.req.socket.remoteAddress
  const site = event.req.headers.get('sec-fetch-site')
  return (
    isLocal(event) &&
    peer !== undefined &&
    loopbackAddress.test(peer) &&
    (site === null || site === 'same-origin' || site === 'none')
  )
}
