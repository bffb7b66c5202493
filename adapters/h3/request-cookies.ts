/** Values kept of one name: a cookie may be there twice, set for other paths or domains. */
const maxValues = 4

/** The values of one cookie in a `Cookie` header (RFC 6265 §4.2), in the order sent. Anything malformed is skipped. */
export function readCookie(header: string | null, name: string): string[] {
  const values: string[] = []
  if (!header?.includes(name)) return values
  for (const pair of header.split(';')) {
    const separator = pair.indexOf('=')
    if (separator === -1 || pair.slice(0, separator).trim() !== name) continue
    values.push(pair.slice(separator + 1).trim())
    if (values.length === maxValues) break
  }
  return values
}
