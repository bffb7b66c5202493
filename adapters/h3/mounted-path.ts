/** The path at which a framework has mounted a handler, and the rest of the request target behind it. */
export interface MountedPath {
  readonly prefix: string
  readonly rest: string
}

/** True if the target is the base path or below it. A target may be a whole URL (RFC 9112 §3.2.2). */
export function isUnder(target: string, basePath: string): boolean {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '')
  return path.startsWith(basePath) && ['', '/', '?'].includes(path.charAt(basePath.length))
}

/**
 * Returns the request target as the routes expect it. A handler may be mounted at the base path itself, behind any
 * prefix, or at a path above it.
 *
 * @returns null if the target is not under the base path
 */
export function toRoutePath({ prefix, rest }: MountedPath, basePath: string): string | null {
  if (prefix.endsWith(basePath)) return basePath + rest
  return isUnder(rest, basePath) ? rest : null
}

/** The URL fields that Express and Connect set on a request. */
export interface MountedRequest {
  readonly url?: string | undefined
  /** Express: the path that was removed from `url`. */
  readonly baseUrl?: unknown
  /** Express and Connect: `url` as it was received. */
  readonly originalUrl?: unknown
}

export function toMountedPath({ url: rest = '/', baseUrl, originalUrl }: MountedRequest): MountedPath {
  if (typeof baseUrl === 'string') return { prefix: baseUrl, rest }
  const isShorter = typeof originalUrl === 'string' && originalUrl.endsWith(rest)
  return { prefix: isShorter ? originalUrl.slice(0, -rest.length) : '', rest }
}
