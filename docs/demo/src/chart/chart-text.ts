import { wrapText, type MeasureText } from './text-size.ts'
import type { ChartLine } from './to-graph.ts'

/** One line of text on the chart: an event, and its guards in a muted colour. Either may be empty. */
export interface PlacedLine {
  readonly text: string
  readonly aside: string
}

const gap = 7
const indent = 10

/** Returns the guards of a transition as statecharts write them, or an empty text. */
export function toGuardText({ guards }: ChartLine): string {
  return guards.length ? `[${guards.join(' or ')}]` : ''
}

/**
 * Returns the lines of an arrow's label and the width that they need. A line is wider than `maxWidth` only if it has
 * no blank to break at.
 */
export function toLabelLines(chartLines: readonly ChartLine[], maxWidth: number, measure: MeasureText) {
  const lines = chartLines.flatMap((line): PlacedLine[] => {
    const whole = { text: line.event, aside: toGuardText(line) }
    if (measureLine(whole, measure) <= maxWidth) return [whole]
    const asides = wrapText(whole.aside, maxWidth - indent, (text) => measure(text, 'code'))
    return [{ text: whole.text, aside: '' }, ...asides.map((aside) => ({ text: '', aside }))]
  })
  return { lines, width: Math.max(...lines.map((line) => measureLine(line, measure))) }
}

function measureLine({ text, aside }: PlacedLine, measure: MeasureText): number {
  return measure(text, 'code') + (aside ? measure(aside, 'code') + (text ? gap : indent) : 0)
}
