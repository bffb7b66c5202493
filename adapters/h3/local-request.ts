import type { H3Event } from 'h3'
import { loopbackHost } from '../loopback.ts'
import type { RequestFacts } from './request-facts.ts'

/** Matches a URL of a loopback host, with or without a port. The text before an `@` is not the host. */
const loopbackPage = new RegExp(String.raw`^[a-z][a-z\d+.-]*://${loopbackHost}(?::\d*)?(?:[/?#]|$)`, 'i')
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/
/** Headers that a proxy adds to the requests it forwards. */
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

/**
 * True if a request comes over http without any forwarding header, so that the page was most likely loaded over http
 * too.
 */
export function isPlainHttp({ url, req }: RequestFacts): boolean {
  return url.protocol === 'http:' && !forwarding.some((name) => req.headers.has(name))
}

/** True if the request names a loopback host. A proxy on this machine may have set that name. */
export const isLoopback = ({ url }: Pick<RequestFacts, 'url'>): boolean => loopbackPage.test(url.href)

/** True if the request comes over plain http to a loopback host and not from a page of another host. */
function isLocal(event: H3Event): boolean {
  const { headers } = event.req
  const pages = [headers.get('origin'), headers.get('referer')]
  return isPlainHttp(event) && isLoopback(event) && pages.every((page) => page === null || loopbackPage.test(page))
}

/**
 * True if the connection comes from this machine too, and a person or a page of this server makes the request, not a
 * page of another site or port. False if the runtime does not tell the peer address.
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
