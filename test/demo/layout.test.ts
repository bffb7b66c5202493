import { authMachine, syncMachine } from 'authchart'
import Elk from 'elkjs/lib/elk.bundled.js'
import { describe, expect, it } from 'vitest'
import { layoutGraph, type ChartLayout } from '../../docs/demo/src/chart/layout-graph.ts'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'

interface Box {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

const collisions = (boxes: readonly Box[]) =>
  boxes.flatMap((a, index) => boxes.slice(index + 1).flatMap((b) => (overlap(a, b) ? [`${a.name} × ${b.name}`] : [])))

const toBoxes = ({ states, transitions }: ChartLayout): Box[] => [
  ...states.filter(({ state }) => state.kind !== 'compound').map((placed) => ({ name: placed.state.id, ...placed })),
  ...transitions.map(({ transition, label }) => ({ name: `label of ${transition.id}`, ...label })),
]

describe.each([
  ['auth', authMachine],
  ['sync', syncMachine],
] as const)('the chart of the %s machine', (_, machine) => {
  const graph = toGraph(machine)
  const laidOut = layoutGraph(new Elk.default(), graph, (text) => text.length * 7)

  it('has no state or label that overlaps another', async () => {
    expect(collisions(toBoxes(await laidOut))).toEqual([])
  })

  it('has every arrow drawn, between the states it connects', async () => {
    const { states, transitions } = await laidOut
    expect(transitions).toHaveLength(graph.transitions.length)
    for (const { transition, points } of transitions) {
      expect(points.length, transition.id).toBeGreaterThan(1)
      for (const [point, id] of [
        [points[0], transition.source],
        [points.at(-1), transition.target],
      ] as const) {
        const { x, y, width, height } = states.find(({ state }) => state.id === id)!
        expect(point!.x, transition.id).toBeGreaterThanOrEqual(x - 1)
        expect(point!.x, transition.id).toBeLessThanOrEqual(x + width + 1)
        expect(point!.y, transition.id).toBeGreaterThanOrEqual(y - 1)
        expect(point!.y, transition.id).toBeLessThanOrEqual(y + height + 1)
      }
    }
  })
})
