import { trimBlanks } from './trim-blanks.ts'

/** Values kept of one name: a cookie may be there twice, set for other paths or domains. */
const maxValues = 4

/**
 * Reads the values of one cookie from a `Cookie` header, in the order sent. Anything malformed is skipped. Only spaces
 * and tabs are trimmed (RFC 6265bis §5.6), since a browser trims no other byte: a cookie that it takes for one without
 * the prefix `__Host-`, and so lets any subdomain set, must not be the prefixed one here.
 */
export function readCookie(header: string | null, name: string): string[] {
  const values: string[] = []
  if (!header?.includes(name)) return values
  for (const pair of header.split(';')) {
    const separator = pair.indexOf('=')
    if (separator === -1 || trimBlanks(pair.slice(0, separator)) !== name) continue
    values.push(trimBlanks(pair.slice(separator + 1)))
    if (values.length === maxValues) break
  }
  return values
}
