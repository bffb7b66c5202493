import { BaseEdge, EdgeLabelRenderer, type Edge, type EdgeProps } from '@xyflow/react'
import type { PlacedTransition } from './layout-graph.ts'

export type TransitionEdgeType = Edge<
  {
    placed: PlacedTransition
    /** `taken`: the last step took this arrow. `possible`: it starts at the lit state. `idle`: all other arrows. */
    mark: 'taken' | 'possible' | 'idle'
  },
  'transition'
>

/** Draws an arrow along the points that ELK found, with its label where ELK left room for it. */
export function TransitionEdge({ data, markerEnd }: EdgeProps<TransitionEdgeType>) {
  if (!data) return null
  const { placed, mark } = data
  const { x, y, width, height, lines } = placed.label
  return (
    <>
      <BaseEdge path={toRoundedPath(placed.points, 7)} markerEnd={markerEnd} interactionWidth={0} />
      <EdgeLabelRenderer>
        <div className={`arrow-label is-${mark}`} style={{ transform: `translate(${x}px, ${y}px)`, width, height }}>
          {lines.map(({ text, aside }) => (
            <div className="arrow-line" key={`${text} ${aside}`}>
              {text}
              {aside && <span className={text ? 'arrow-aside' : 'arrow-aside is-indented'}>{aside}</span>}
            </div>
          ))}
        </div>
      </EdgeLabelRenderer>
    </>
  )
}

interface Point {
  readonly x: number
  readonly y: number
}

/** Returns an SVG path through the points with rounded corners. */
function toRoundedPath(points: readonly Point[], radius: number): string {
  return points
    .map((point, index) => {
      const before = points[index - 1]
      const after = points[index + 1]
      if (!before) return `M ${point.x} ${point.y}`
      if (!after) return `L ${point.x} ${point.y}`
      const reach = Math.min(radius, distance(before, point) / 2, distance(point, after) / 2)
      const enter = toward(point, before, reach)
      const leave = toward(point, after, reach)
      return `L ${enter.x} ${enter.y} Q ${point.x} ${point.y} ${leave.x} ${leave.y}`
    })
    .join(' ')
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function toward(from: Point, to: Point, reach: number): Point {
  const share = reach / (distance(from, to) || 1)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}
