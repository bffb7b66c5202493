import { Handle, Position, type Node, type NodeProps } from '@xyflow/react'
import type { ChartState } from './to-graph.ts'

export type StateNodeType = Node<{ state: ChartState; isActive: boolean; tone: string }, 'state'>

/**
 * One state as a box with its name and its invoked actors. React Flow requires handles, although ELK routes the
 * arrows.
 */
export function StateNode({ data: { state, isActive, tone }, selected }: NodeProps<StateNodeType>) {
  const className = ['state', `is-${state.kind}`, isActive && 'is-active', selected && 'is-selected']
  return (
    <>
      {/* A click reaches React Flow's onNodeClick, by mouse as by keyboard. */}
      <button
        type="button"
        className={className.filter(Boolean).join(' ')}
        data-tone={tone}
        data-state={state.id}
        aria-pressed={selected}
        aria-current={isActive}
      >
        <span className="state-name">
          {state.isInitial && <span className="state-initial" title="Starts here" />}
          {state.name}
        </span>
        {state.invokes.map((src) => (
          <span className="state-invoke" key={src}>
            invoke {src}
          </span>
        ))}
      </button>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </>
  )
}
