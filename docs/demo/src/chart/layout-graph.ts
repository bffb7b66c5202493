import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js'
import { toLabelLines, type PlacedLine } from './chart-text.ts'
import type { MeasureText } from './text-size.ts'
import type { ChartGraph, ChartState, ChartTransition } from './to-graph.ts'

/** A state with its place. Coordinates are in px from the corner of the whole chart. */
export interface PlacedState {
  readonly state: ChartState
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface PlacedTransition {
  readonly transition: ChartTransition
  readonly points: readonly ElkPoint[]
  readonly label: {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
    readonly lines: readonly PlacedLine[]
  }
}

export interface ChartLayout {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly transitions: readonly PlacedTransition[]
}

/** Sizes in px. The style sheet of the chart repeats them. */
const box = { paddingX: 14, paddingY: 9, name: 20, line: 16, initialMark: 20 }
const label = { paddingX: 6, paddingY: 3, line: 15, maxWidth: 156 }

const layered = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  // A machine lists its states in the order in which a session goes through them, so few arrows of this order lead
  // back.
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'SPACE_EFFICIENT_LAYER',
  'elk.layered.thoroughness': '20',
}
const absolute = { 'elk.json.shapeCoords': 'ROOT', 'elk.json.edgeCoords': 'ROOT' }
/** Regions have no arrows between them, so each is laid out separately. */
const apart = { 'elk.algorithm': 'rectpacking', 'elk.hierarchyHandling': 'SEPARATE_CHILDREN', 'elk.aspectRatio': '1' }

/** Places every state and arrow with its label so that nothing overlaps, by ELK's layered algorithm. */
export async function layoutGraph(elk: ELK, graph: ChartGraph, measure: MeasureText): Promise<ChartLayout> {
  const labels = new Map(graph.transitions.map((arrow) => [arrow.id, toLabel(arrow, measure)]))
  const rank = new Map(graph.states.map(({ id }, index) => [id, index]))

  const toElkEdge = ({ id, source, target }: ChartTransition): ElkExtendedEdge => {
    const { width, height } = labels.get(id)!
    const isForward = rank.get(source)! < rank.get(target)!
    return {
      id,
      sources: [source],
      targets: [target],
      // ELK does not place a label without a text.
      labels: [{ text: id, width, height }],
      layoutOptions: { 'elk.layered.priority.direction': isForward ? '10' : '1' },
    }
  }
  const toElkNode = (state: ChartState): ElkNode => {
    const { width, height } = toSize(state, measure)
    const children = graph.states.filter(({ parent }) => parent === state.id).map(toElkNode)
    if (children.length === 0) return { id: state.id, width, height }
    const isRegion = graph.isParallel && state.parent === null
    return {
      id: state.id,
      children,
      edges: isRegion ? graph.transitions.filter(({ source }) => isInside(source, state)).map(toElkEdge) : [],
      layoutOptions: {
        ...(isRegion && layered),
        'elk.padding': `[top=${height + 10},left=16,bottom=16,right=16]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    }
  }
  const root: ElkNode = {
    id: 'chart',
    layoutOptions: { ...(graph.isParallel ? apart : layered), ...absolute },
    children: graph.states.filter(({ parent }) => parent === null).map(toElkNode),
    edges: graph.isParallel ? [] : graph.transitions.map(toElkEdge),
  }
  const placed = await elk.layout(root)

  const nodes = new Map(toAll(placed).map((node) => [node.id, node]))
  const edges = new Map(toAll(placed).flatMap((node) => (node.edges ?? []).map((edge) => [edge.id, edge])))
  return {
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    states: graph.states.map((state) => {
      const { x = 0, y = 0, width = 0, height = 0 } = nodes.get(state.id)!
      return { state, x, y, width, height }
    }),
    transitions: graph.transitions.map((transition) => {
      const edge = edges.get(transition.id)!
      const { x = 0, y = 0 } = edge.labels?.[0] ?? {}
      return { transition, points: toPoints(edge), label: { ...labels.get(transition.id)!, x, y } }
    }),
  }
}

function isInside(id: string, state: ChartState): boolean {
  return id.startsWith(`${state.id}.`) || id.startsWith(`${state.id}:`)
}

function toAll(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(toAll)]
}

function toPoints({ sections = [] }: ElkExtendedEdge): ElkPoint[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
}

function toSize(state: ChartState, measure: MeasureText) {
  const name = measure(state.name, state.kind === 'any' ? 'text' : 'name') + (state.isInitial ? box.initialMark : 0)
  const width = Math.max(name, ...state.invokes.map((src) => measure(`invoke ${src}`, 'code'))) + 2 * box.paddingX
  return { width, height: box.name + state.invokes.length * box.line + 2 * box.paddingY }
}

function toLabel(arrow: ChartTransition, measure: MeasureText) {
  const { lines, width } = toLabelLines(arrow.lines, label.maxWidth, measure)
  return { lines, width: width + 2 * label.paddingX, height: lines.length * label.line + 2 * label.paddingY }
}
