import Elk from 'elkjs/lib/elk.bundled.js'
import type { AnyStateMachine } from 'xstate'
import { layoutGraph, type PlacedState, type PlacedTransition } from '../../docs/demo/src/chart/layout-graph.ts'
import { toGraph, type ChartLine } from '../../docs/demo/src/chart/to-graph.ts'

/**
 * The greatest width of a character in px, in the fonts of the page, so that the layout is the same on every machine.
 */
const widths = { name: 8.4, text: 6.4, code: 6.63 }

/**
 * Draws a machine as SVG, laid out from its definition. States and arrows are marked by their ids, and the page
 * lights them.
 */
export async function drawChart(machine: AnyStateMachine): Promise<string> {
  const measure = (text: string, font: keyof typeof widths) => Math.ceil(text.length * widths[font])
  const { width, height, states, transitions } = await layoutGraph(new Elk.default(), toGraph(machine), measure)
  const size = [Math.ceil(width), Math.ceil(height)] as const
  const tips = ['idle', 'possible', 'taken'].map((mark) => toTip(machine.id, mark)).join('')
  return [
    `<svg viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" height="${size[1]}" aria-hidden="true">`,
    `<defs>${tips}</defs>`,
    ...states.map(drawState),
    ...transitions.map(drawArrow),
    ...transitions.map(drawLabel),
    '</svg>',
  ].join('\n')
}

const toTip = (machine: string, mark: string) =>
  `<marker id="${machine}-${mark}" class="tip is-${mark}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 L8 4 L0 7.5 Z"/></marker>`

function drawState({ state, x, y, width, height }: PlacedState): string {
  const { id, name, kind, isInitial, invokes, internal, description } = state
  const left = x + 14
  const lines = invokes.map((src, index) => drawText('invoke', left, y + 39 + index * 16, `invoke ${src}`))
  const about = [description, ...internal.map(toInternal)].filter(Boolean).join('\n')
  return [
    `<g class="state is-${kind}" data-state="${escape(id)}" data-tone="${escape(id.split(/[.:]/)[1] ?? '')}">`,
    `<title>${escape(about || name)}</title>`,
    `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="9"/>`,
    isInitial
      ? `<path class="initial" d="M${n(left)} ${n(y + 19)}h8"/><circle class="initial" cx="${n(left + 3)}" cy="${n(y + 19)}" r="3.5"/>`
      : '',
    drawText('name', left + (isInitial ? 17 : 0), y + 24, name),
    ...lines,
    '</g>',
  ].join('')
}

const toInternal = ({ event, guards, actions }: ChartLine) =>
  `${event}${guards.length ? ` [${guards.join(' or ')}]` : ''} / ${actions.join(', ') || 'stays'}`

function drawArrow({ transition, points }: PlacedTransition): string {
  const { id, source } = transition
  return `<path class="arrow" data-arrow="${escape(id)}" data-source="${escape(source)}" d="${toRoundedPath(points, 7)}"/>`
}

function drawLabel({ transition, label }: PlacedTransition): string {
  const { x, y, width, height, lines } = label
  const texts = lines.map(({ text, aside }, index) => {
    const aside_ = aside ? `<tspan class="aside"${text ? ' dx="7"' : ' dx="10"'}>${escape(aside)}</tspan>` : ''
    return `<text x="${n(x + 6)}" y="${n(y + 14 + index * 15)}">${escape(text)}${aside_}</text>`
  })
  return `<g class="label" data-arrow="${escape(transition.id)}" data-source="${escape(transition.source)}"><rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="4"/>${texts.join('')}</g>`
}

const drawText = (name: string, x: number, y: number, text: string) =>
  `<text class="${name}" x="${n(x)}" y="${n(y)}">${escape(text)}</text>`

interface Point {
  readonly x: number
  readonly y: number
}

function toRoundedPath(points: readonly Point[], radius: number): string {
  return points
    .map((point, index) => {
      const before = points[index - 1]
      const after = points[index + 1]
      if (!before) return `M${n(point.x)} ${n(point.y)}`
      if (!after) return `L${n(point.x)} ${n(point.y)}`
      const reach = Math.min(radius, distance(before, point) / 2, distance(point, after) / 2)
      const enter = toward(point, before, reach)
      const leave = toward(point, after, reach)
      return `L${n(enter.x)} ${n(enter.y)}Q${n(point.x)} ${n(point.y)} ${n(leave.x)} ${n(leave.y)}`
    })
    .join('')
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y)

function toward(from: Point, to: Point, reach: number): Point {
  const share = reach / (distance(from, to) || 1)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

/** Rounds a coordinate to a tenth of a px. */
const n = (value: number) => String(Math.round(value * 10) / 10)

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
