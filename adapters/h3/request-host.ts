import type { RequestFacts } from './request-facts.ts'

const authority = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i
/**
 * The ports that a browser leaves out of `Host`. Behind a proxy that ends TLS it is not known which of them was used.
 */
const defaultPorts = [80, 443] as const

/**
 * Returns the host that a request is for, in lower case, with its port if it has one. On Node it comes from the URL of
 * the request, which srvx takes from `Host`, from `:authority` over HTTP/2, or from the request line (RFC 9112 §3.2.2),
 * and from a forwarding header only if `trustProxy` is set. Elsewhere `Host` comes first, because some frameworks build
 * the URL from the address that they listen on.
 */
export function toHost({ req, runtime, url }: RequestFacts): string {
  const host = runtime?.node ? null : req.headers.get('host')
  return (host ?? authority.exec(url.href)?.[1] ?? '').toLowerCase()
}

/** True if the host is listed, with its port or for any port. */
export function isListed(host: string, hosts: ReadonlySet<string>): boolean {
  const name = host.replace(/:\d*$/, '')
  if (hosts.has(host) || hosts.has(name)) return true
  return host === name && defaultPorts.some((port) => hosts.has(`${name}:${port}`))
}

/** True if the origin is a website on this host, over http or https because a proxy may have ended TLS. */
export function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false
  const { protocol, host: own } = new URL(origin)
  // `URL` removes the default port of a scheme on both sides.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === own
}
