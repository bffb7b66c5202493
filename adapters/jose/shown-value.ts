const maxLength = 120
const maxItems = 4

/**
 * Returns a value of a token or an option in a form that is safe in a log or an error: short, on one line, in printable
 * ASCII.
 */
export function toShownValue(value: unknown): string {
  if (typeof value === 'string') return toShownText(value)
  if (!Array.isArray(value)) return `a ${value === null ? 'null' : typeof value}`
  const shown = value.slice(0, maxItems).map((item) => (typeof item === 'string' ? toShownText(item) : 'no text'))
  return `[${shown.join(', ')}${value.length > maxItems ? ', …' : ''}]`
}

/** Returns the first values of a list, and the number of the others. */
export function toShownList(values: Iterable<string>): readonly string[] {
  const all = [...values]
  const shown = all.slice(0, maxItems).map(toShownText)
  return all.length > maxItems ? [...shown, `${all.length - maxItems} others`] : shown
}

function toShownText(text: string): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return short.replaceAll(/[^ -~…]|\\/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
