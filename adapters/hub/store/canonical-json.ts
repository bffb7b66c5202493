/**
 * @returns the one JSON form of a value, whatever order a store has put its members in: members are sorted, and those
 * that are undefined are left out (in the manner of RFC 8785)
 */
export function toCanonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join()}]`
  const object = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const name of Object.keys(object).toSorted()) {
    if (object[name] === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${toCanonicalJson(object[name])}`
  }
  return `{${text}}`
}
