import { HTTPError, type H3Event, type Middleware } from 'h3'

const loopback = /^(127\.|::1$|::ffff:127\.)/
const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/**
 * Lets in only pages of this machine. The peer has to be loopback. The page has to name it as loopback, because a
 * rebound DNS name would pass otherwise. And the request must not come from a page of another site.
 */
export const loopbackOnly: Middleware = (event: H3Event) => {
  const peer = event.runtime?.node?.req.socket.remoteAddress ?? ''
  const site = event.req.headers.get('sec-fetch-site')
  const isOwn = site === null || site === 'same-origin' || site === 'none'
  if (!loopback.test(peer) || !loopbackHost.test(event.req.headers.get('host') ?? '') || !isOwn) {
    throw new HTTPError({ status: 403, message: 'The demo controls answer this machine only' })
  }
}
