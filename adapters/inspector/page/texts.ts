import type { InspectedStep } from '../session-log.ts'
import type { Shown } from '../shown-fields.ts'

type Value = InspectedStep['value']

/**
 * Returns a state value on one line, such as `signedIn.current`, or `stream.open, session.confirmed` for a parallel
 * machine.
 */
export function toStateText(value: Value): string {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${toStateText(inner)}`.replace(/\.$/, '')))
    .join(', ')
}

/** Returns the ids of the states that a value names, outermost first. */
export function toStateIds(machine: string, value: Value): string[] {
  const entries = typeof value === 'string' ? [[value, {}] as const] : Object.entries(value)
  return entries.flatMap(([name, inner = {}]) => [`${machine}.${name}`, ...toStateIds(`${machine}.${name}`, inner)])
}

/** Returns the name of the outermost state, which decides the colour of a state. */
export const toTone = (value: Value): string => toStateText(value).split(/[.,]/)[0] ?? ''

export function toTime(at: number): string {
  const date = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

/** Returns a span of ms as text, such as `3 ms`, `2.1 s`, `4 min` or `3 h`. */
export function toSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** Returns a field as text. Large numbers are moments, which are shown as the time of day. */
export function toFieldText(value: Shown | undefined): string {
  if (typeof value === 'number' && value > 1e12) return toTime(value)
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([name, part]) => (name === 'code' ? toFieldText(part) : `${name} ${toFieldText(part)}`))
    .join(' · ')
}
