import type { H3Event } from 'h3'

const loopback = String.raw`(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])`
/** A URL of such a host, with a port or without: what stands before an `@` is no host. */
const loopbackPage = new RegExp(String.raw`^[a-z][a-z\d+.-]*://${loopback}(?::\d*)?(?:[/?#]|$)`, 'i')
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/
/** A proxy was on the way, whatever host the request seems to be for. */
const forwarding = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const

/**
 * True for development on one machine, where browsers may refuse a `Secure` cookie over http. A proxy that rewrites
 * `Host` to `localhost` gives itself away by its own headers, or by the browser's `Origin` or `Referer`.
 */
export function isLocal(event: H3Event): boolean {
  const { headers } = event.req
  const { href } = event.url
  const pages = [headers.get('origin'), headers.get('referer')]
  return (
    href.startsWith('http:') &&
    loopbackPage.test(href) &&
    !forwarding.some((name) => headers.has(name)) &&
    pages.every((page) => page === null || loopbackPage.test(page))
  )
}

/**
 * True where, besides, this very machine is at the other end of the connection, and it is the person or a page of this
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
