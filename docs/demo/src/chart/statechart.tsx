import {
  Controls,
  MarkerType,
  Position,
  ReactFlow,
  ReactFlowProvider,
  getViewportForBounds,
  useReactFlow,
  useStore,
} from '@xyflow/react'
import { useEffect, useMemo, useState } from 'react'
import type { AnyStateMachine, StateValue } from 'xstate'
import { useMedia } from '../use-media.ts'
import type { ChartLayout } from './layout-graph.ts'
import { StateDetails } from './state-details.tsx'
import { StateNode } from './state-node.tsx'
import type { StateNodeType } from './state-node.tsx'
import { toActiveIds } from './to-active.ts'
import { toAnyId } from './to-graph.ts'
import { TransitionEdge } from './transition-edge.tsx'
import type { TransitionEdgeType } from './transition-edge.tsx'
import { useLayout } from './use-layout.ts'

export interface StatechartProps {
  readonly machine: AnyStateMachine
  /** The state to light. With null no state is lit. */
  readonly value: StateValue | null
  /** The ids of the arrows that led to this state. */
  readonly taken: readonly string[]
}

const nodeTypes = { state: StateNode }
const minZoom = 0.2
const maxZoom = 1.6
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
  const isNarrow = useMedia('(max-width: 720px)')
  const nodes = useMemo(() => toNodes(layout, active, selectedId), [layout, active, selectedId])
  const edges = useMemo(() => toEdges(layout, active, taken), [layout, active, taken])
  const shownId = selectedId ?? active.at(-1)
  const shown = layout.states.find(({ state }) => state.id === shownId)?.state
  return (
    <>
      <div
        className="chart-canvas"
        style={{ aspectRatio: isNarrow ? undefined : `${layout.width} / ${layout.height}` }}
        role="img"
        aria-label={`Statechart; lit: ${active.join(', ') || 'nothing'}`}
      >
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodeClick={(_, { id }) => select(id === selectedId ? null : id)}
          onPaneClick={() => select(null)}
          minZoom={minZoom}
          maxZoom={maxZoom}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          zoomOnScroll={false}
          preventScrolling={false}
          proOptions={{ hideAttribution: false }}
        >
          <Controls showInteractive={false} position="top-right" />
          {isNarrow ? <Follow layout={layout} id={active.at(-1)} /> : <Fit layout={layout} />}
        </ReactFlow>
      </div>
      {shown && <StateDetails state={shown} isActive={active.includes(shown.id)} />}
    </>
  )
}

/** Fits the whole chart into the view with its arrows, which React Flow's own fitView leaves out. */
function Fit({ layout }: { layout: ChartLayout }) {
  const { setViewport } = useReactFlow()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  useEffect(() => {
    if (width === 0 || height === 0) return
    const bounds = { x: 0, y: 0, width: layout.width, height: layout.height }
    void setViewport(getViewportForBounds(bounds, width, height, minZoom, maxZoom, 0))
  }, [layout, width, height, setViewport])
  return null
}

/** Keeps the lit state in the middle of a narrow screen, where the whole chart would be too small to read. */
function Follow({ layout, id }: { layout: ChartLayout; id: string | undefined }) {
  const { setCenter } = useReactFlow()
  const isStill = useMedia('(prefers-reduced-motion: reduce)')
  useEffect(() => {
    const placed = layout.states.find(({ state }) => state.id === id) ?? layout.states[0]
    if (!placed) return
    const { x, y, width, height } = placed
    void setCenter(x + width / 2, y + height / 2, { zoom: 0.8, duration: isStill ? 0 : 350 })
  }, [layout, id, isStill, setCenter])
  return null
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
    ariaLabel: `State ${state.name}${active.includes(state.id) ? ', lit' : ''}`,
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
