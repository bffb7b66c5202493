/**
 * A value as JSON of one form only, whatever became of the order of its members in a store: they are sorted, and those that
 * are undefined are left out (in the manner of RFC 8785).
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
