import { MarkerType, Position, ReactFlow, ReactFlowProvider } from '@xyflow/react'
import { useEffect, useMemo, useRef, useState, type RefObject } from 'react'
import type { AnyStateMachine, StateValue } from 'xstate'
import { useMedia } from '../use-media.ts'
import { useWidth } from '../use-width.ts'
import type { ChartLayout } from './layout-graph.ts'
import { StateDetails } from './state-details.tsx'
import { StateNode, type StateNodeType } from './state-node.tsx'
import { toActiveIds } from './to-active.ts'
import { toAnyId } from './to-graph.ts'
import { TransitionEdge, type TransitionEdgeType } from './transition-edge.tsx'
import { useLayout } from './use-layout.ts'

export interface StatechartProps {
  readonly machine: AnyStateMachine
  /** The state to light. With null no state is lit. */
  readonly value: StateValue | null
  /** The ids of the arrows that led to this state. */
  readonly taken: readonly string[]
}

const nodeTypes = { state: StateNode }
/** The zoom below which the labels of the chart are too small to read. */
const readable = 0.6
const maxZoom = 1.6
const zoomStep = 1.25
const edgeTypes = { transition: TransitionEdge }

/** Draws a machine from its definition and lights the current state. */
export function Statechart({ machine, value, taken }: StatechartProps) {
  const { layout, failure } = useLayout(machine)
  if (failure) return <p className="chart-note">The chart could not be laid out: {failure}</p>
  if (!layout) return <p className="chart-note">Laying out the chart …</p>
  return (
    <ReactFlowProvider key={machine.id}>
      <Picture layout={layout} active={value === null ? [] : toActiveIds(machine, value)} taken={taken} />
    </ReactFlowProvider>
  )
}

interface PictureProps {
  readonly layout: ChartLayout
  readonly active: readonly string[]
  readonly taken: readonly string[]
}

function Picture({ layout, active, taken }: PictureProps) {
  const [selectedId, select] = useState<string | null>(null)
  const [hoveredId, hover] = useState<string | null>(null)
  /** Null until the reader chooses one: then as large as fits, or as is readable. */
  const [chosenZoom, setZoom] = useState<number | null>(null)
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const nodes = useMemo(() => toNodes(layout, active, selectedId), [layout, active, selectedId])
  const edges = useMemo(() => toEdges(layout, active, taken), [layout, active, taken])
  const fit = Math.min(width / layout.width, 1)
  const zoom = chosenZoom ?? Math.max(fit, readable)
  const shownId = hoveredId ?? selectedId ?? active.at(-1)
  const shown = layout.states.find(({ state }) => state.id === shownId)?.state
  useFollow(frame, layout, active.at(-1), zoom)
  return (
    <>
      <div className="chart-tools" role="group" aria-label="Size of the chart">
        <button type="button" onClick={() => setZoom(Math.max(zoom / zoomStep, fit / 2))} aria-label="Smaller">
          −
        </button>
        <button type="button" onClick={() => setZoom(Math.min(zoom * zoomStep, maxZoom))} aria-label="Larger">
          +
        </button>
        <button type="button" aria-pressed={zoom === fit} onClick={() => setZoom(zoom === fit ? null : fit)}>
          Whole chart
        </button>
      </div>
      {/* It scrolls as every box does, so that a finger or a wheel on the chart still moves the page. */}
      <section className="chart-frame" ref={frame} aria-label={`Statechart, now in ${toPlace(active)}`}>
        <div className="chart-canvas" style={{ width: layout.width * zoom, height: layout.height * zoom }}>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            viewport={{ x: 0, y: 0, zoom }}
            onNodeClick={(_, { id }) => select(id === selectedId ? null : id)}
            onNodeMouseEnter={(_, { id }) => hover(id)}
            onNodeMouseLeave={() => hover(null)}
            onPaneClick={() => select(null)}
            minZoom={0.1}
            maxZoom={maxZoom}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            panOnDrag={false}
            panOnScroll={false}
            zoomOnScroll={false}
            zoomOnPinch={false}
            zoomOnDoubleClick={false}
            preventScrolling={false}
            disableKeyboardA11y
            proOptions={{ hideAttribution: false }}
          />
        </div>
      </section>
      {shown && <StateDetails layout={layout} state={shown} isActive={active.includes(shown.id)} />}
    </>
  )
}

const toPlace = (active: readonly string[]) => active.at(-1) ?? 'no state yet'

/** Keeps the current state in sight where the chart is wider than its frame. The page itself is not scrolled. */
function useFollow(frame: RefObject<HTMLDivElement | null>, layout: ChartLayout, id: string | undefined, zoom: number) {
  const isStill = useMedia('(prefers-reduced-motion: reduce)')
  useEffect(() => {
    const placed = layout.states.find(({ state }) => state.id === id)
    if (!frame.current || !placed) return
    const left = (placed.x + placed.width / 2) * zoom - frame.current.clientWidth / 2
    frame.current.scrollTo({ left, behavior: isStill ? 'auto' : 'smooth' })
  }, [frame, layout, id, zoom, isStill])
}

function toNodes(layout: ChartLayout, active: readonly string[], selectedId: string | null): StateNodeType[] {
  return layout.states.map(({ state, x, y, width, height }) => ({
    id: state.id,
    type: 'state',
    position: { x, y },
    width,
    height,
    // The size is given here because React Flow hides the arrows of a node that it has not measured, and every step
    // makes new nodes.
    measured: { width, height },
    handles: [
      { type: 'target', position: Position.Top, x: width / 2, y: 0 },
      { type: 'source', position: Position.Bottom, x: width / 2, y: height },
    ],
    zIndex: state.kind === 'compound' ? 0 : 2,
    selected: state.id === selectedId,
    data: { state, isActive: active.includes(state.id), tone: toTone(state.id) },
  }))
}

function toEdges(layout: ChartLayout, active: readonly string[], taken: readonly string[]): TransitionEdgeType[] {
  const [root] = layout.states[0]?.state.id.split(/[.:]/) ?? []
  const anywhere = toAnyId(root ?? '')
  return layout.transitions.map((placed) => {
    const { id, source, target } = placed.transition
    const isPossible = source === anywhere || active.some((state) => source === state || source === toAnyId(state))
    const mark = taken.includes(id) ? 'taken' : isPossible ? 'possible' : 'idle'
    return {
      id,
      source,
      target,
      type: 'transition',
      className: `is-${mark}`,
      zIndex: mark === 'taken' ? 4 : 3,
      selectable: false,
      markerEnd: {
        type: MarkerType.ArrowClosed,
        width: 14,
        height: 14,
        color: arrowColors[mark],
      },
      data: { placed, mark },
    }
  })
}

const arrowColors = { taken: 'var(--accent)', possible: 'var(--muted)', idle: 'var(--arrow)' }

/** Returns the colour for a lit state, which is that of the outermost state around it. */
function toTone(id: string): string {
  return id.split('.')[1] ?? 'any'
}
