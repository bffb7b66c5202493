import type { Logger } from '../logger.ts'
import type { ResolvedClerkOptions } from './clerk-options.ts'

/** The origins of an app's pages, as far as its options name them. */
export interface AppOrigins {
  readonly authorizedParties?: string | readonly string[] | undefined
  readonly allowedHosts: Iterable<string>
}

/**
 * Returns the values that an instance's tokens may have as `iss`. A proxy given as a path is on the app's own origins:
 * its authorized parties, else its hosts. The function warns if neither is known, because every token that names the
 * proxy is then refused.
 */
export function toInstanceIssuers(
  { proxyUrl, issuer }: ResolvedClerkOptions,
  { authorizedParties = [], allowedHosts }: AppOrigins,
  logger: Logger,
): readonly string[] | undefined {
  if (!proxyUrl?.startsWith('/')) return issuer
  const parties = [authorizedParties].flat().filter((party) => /^https?:/.test(party))
  const origins = parties.length > 0 ? parties : [...allowedHosts].map((host) => `https://${host}`)
  if (origins.length === 0) {
    logger.warn('clerk.proxyUrl.relative', {
      proxyUrl,
      remedy: 'Give clerk.proxyUrl (CLERK_PROXY_URL) with its host, as in https://app.example.com/__clerk',
    })
  }
  const path = proxyUrl.replace(/\/+$/, '')
  const issuers = [...origins.map((origin) => `${origin}${path}`), ...(issuer ?? [])]
  return issuers.length > 0 ? issuers : undefined
}
