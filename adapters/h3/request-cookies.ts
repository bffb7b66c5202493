import { trimBlanks } from './trim-blanks.ts'

export interface ReadCookieOptions {
  /**
   * True for a value that the cookie can have, so that junk under the same name hides no real cookie. Default: every
   * value.
   */
  readonly isValue?: (value: string) => boolean
  /**
   * The number of values to read at most, because a cookie may be sent several times, set for other paths or domains.
   * Default 4.
   */
  readonly most?: number
}

const anyValue = () => true

/**
 * Reads the values of one cookie from a `Cookie` header, in the order sent, and skips malformed ones. It trims only
 * spaces and tabs (RFC 6265bis §5.6), because a browser trims no other byte: a browser lets any subdomain set a cookie
 * whose name only looks like one with the prefix `__Host-`, and that must not count as the prefixed cookie.
 */
export function readCookie(header: string | null, name: string, options: ReadCookieOptions = {}): string[] {
  const { isValue = anyValue, most = 4 } = options
  const values: string[] = []
  if (header === null) return values
  // Only the pairs that contain the name are looked at: most of a header is cookies of others.
  for (let at = header.indexOf(name); at !== -1 && values.length < most;) {
    const next = header.indexOf(';', at)
    const end = next === -1 ? header.length : next
    const pair = header.slice(header.lastIndexOf(';', at) + 1, end)
    const separator = pair.indexOf('=')
    if (separator !== -1 && trimBlanks(pair.slice(0, separator)) === name) {
      const value = trimBlanks(pair.slice(separator + 1))
      if (isValue(value)) values.push(value)
    }
    at = header.indexOf(name, end)
  }
  return values
}
