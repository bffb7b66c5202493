import { trimBlanks } from './trim-blanks.ts'

export interface ReadCookieOptions {
  /** Tells a value that can be meant from others, so that junk of the same name hides no cookie. Default: any can be. */
  readonly isValue?: (value: string) => boolean
  /** Values kept: a cookie may be there more than once, set for other paths or domains. Default 4. */
  readonly most?: number
}

const anyValue = () => true

/**
 * Reads the values of one cookie from a `Cookie` header, in the order sent. Anything malformed is skipped. Only spaces
 * and tabs are trimmed (RFC 6265bis §5.6), since a browser trims no other byte: a cookie that it takes for one without
 * the prefix `__Host-`, and so lets any subdomain set, must not be the prefixed one here.
 */
export function readCookie(header: string | null, name: string, options: ReadCookieOptions = {}): string[] {
  const { isValue = anyValue, most = 4 } = options
  const values: string[] = []
  if (!header?.includes(name)) return values
  for (const pair of header.split(';')) {
    const separator = pair.indexOf('=')
    if (separator === -1 || trimBlanks(pair.slice(0, separator)) !== name) continue
    const value = trimBlanks(pair.slice(separator + 1))
    if (isValue(value)) values.push(value)
    if (values.length === most) break
  }
  return values
}
