import type { SyncError } from '../../machines/sync/sync-error.ts'

const warned = new Set<string>()

/**
 * Warns in a page's console, in development and once for each kind of failure, so that a wrong set-up is not silent.
 */
export function warnOnce({ code, message, cause }: SyncError): void {
  const page = globalThis.location
  if (!page || warned.has(code) || !isDevelopment(page)) return
  warned.add(code)
  console.warn(`authchart: ${message} (${code}, on a page of ${page.origin})`, ...(cause ? [cause] : []))
}

function isDevelopment({ hostname }: Location): boolean {
  try {
    // A bundler replaces this value. Without one, a browser has no `process`.
    return process.env.NODE_ENV !== 'production'
  } catch {
    return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  }
}
