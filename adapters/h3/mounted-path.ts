/** Where a framework has mounted a handler, and the rest of the request target, which begins behind that. */
export interface MountedPath {
  readonly prefix: string
  readonly rest: string
}

/** True for the base path and what is below it. A target may be a whole URL (RFC 9112 §3.2.2). */
export function isUnder(target: string, basePath: string): boolean {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '')
  return path.startsWith(basePath) && ['', '/', '?'].includes(path.charAt(basePath.length))
}

/**
 * The target as the routes know it. A handler may be mounted at the base path itself, at the end of whatever prefix, or
 * above it.
 *
 * @returns null where it is not under the base path
 */
export function toRoutePath({ prefix, rest }: MountedPath, basePath: string): string | null {
  if (prefix.endsWith(basePath)) return basePath + rest
  return isUnder(rest, basePath) ? rest : null
}

/** What Express and Connect leave of the path that a handler is mounted at. */
export interface MountedRequest {
  readonly url?: string | undefined
  /** Express: what was taken off `url`. */
  readonly baseUrl?: unknown
  /** Express and Connect: `url` as it came. */
  readonly originalUrl?: unknown
}

export function toMountedPath({ url: rest = '/', baseUrl, originalUrl }: MountedRequest): MountedPath {
  if (typeof baseUrl === 'string') return { prefix: baseUrl, rest }
  const isShorter = typeof originalUrl === 'string' && originalUrl.endsWith(rest)
  return { prefix: isShorter ? originalUrl.slice(0, -rest.length) : '', rest }
}
