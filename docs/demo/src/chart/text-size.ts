/** The fonts of the chart in the form that CSS and canvas accept. The layout has to know how wide a text will be. */
export const fonts = {
  name: '600 14px system-ui, sans-serif',
  text: '12px system-ui, sans-serif',
  code: '11px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
} as const

export type MeasureText = (text: string, font: keyof typeof fonts) => number

/** Creates a function that measures text in the fonts of the page. */
export function createMeasureText(): MeasureText {
  const canvas = document.createElement('canvas').getContext('2d')
  if (!canvas) throw new Error('This browser has no 2d canvas to measure text with')
  return (text, font) => {
    canvas.font = fonts[font]
    return Math.ceil(canvas.measureText(text).width)
  }
}

/** Breaks a text at blanks into lines that are not wider than `width`. */
export function wrapText(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && measure(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`
    else if (word) lines.push(word)
  }
  return lines
}
