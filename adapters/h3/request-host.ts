import type { RequestFacts } from './request-facts.ts'

const authority = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i
/** The ports that a browser leaves out of `Host`. Which of them it is, nobody knows behind a proxy that ends TLS. */
const defaultPorts = [80, 443] as const

/**
 * The host that a request is for, with its port where it has one, in lower case. On Node it is the one in the URL of the
 * request, which srvx takes from `Host`, from `:authority` over HTTP/2, or from the request line (RFC 9112 §3.2.2), and
 * from no forwarding header unless `trustProxy` is set. Elsewhere `Host` comes first: some frameworks make up the URL,
 * of the address that they listen on.
 */
export function toHost({ req, runtime, url }: RequestFacts): string {
  const host = runtime?.node ? null : req.headers.get('host')
  return (host ?? authority.exec(url.href)?.[1] ?? '').toLowerCase()
}

/** True where the host is on the list: with its port, or for any port. */
export function isListed(host: string, hosts: ReadonlySet<string>): boolean {
  const name = host.replace(/:\d*$/, '')
  if (hosts.has(host) || hosts.has(name)) return true
  return host === name && defaultPorts.some((port) => hosts.has(`${name}:${port}`))
}

/** True where the origin is a website on this host: over http or https, since a proxy may have ended TLS. */
export function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false
  const { protocol, host: own } = new URL(origin)
  // The default port of a scheme is no part of a URL.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === own
}
