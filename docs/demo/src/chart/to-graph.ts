import { toAnyId, toArrowEnds, toArrowId, toName } from 'authchart/inspector'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

export { toAnyId }

/** One line of a label or of a state's body: an event and its guards. */
export interface ChartLine {
  readonly event: string
  /** The guards, of which one has to hold. Empty if the transition has no guard. */
  readonly guards: readonly string[]
  /** The actions, in order. They are shown only for transitions without a target. */
  readonly actions: readonly string[]
}

export interface ChartState {
  readonly id: string
  /** The enclosing state, or null at the top level. */
  readonly parent: string | null
  readonly name: string
  /**
   * `any` is not a real state. It represents every state of its parent, if the parent itself has transitions to inner
   * states.
   */
  readonly kind: 'atomic' | 'compound' | 'any'
  readonly isInitial: boolean
  readonly description: string
  readonly invokes: readonly string[]
  /** The transitions that stay in this state. */
  readonly internal: readonly ChartLine[]
}

export interface ChartTransition {
  readonly id: string
  readonly source: string
  readonly target: string
  readonly lines: readonly ChartLine[]
}

export interface ChartGraph {
  /** True if the top-level states are regions that are all active at once. */
  readonly isParallel: boolean
  /** The states in the order of the definition, each one before the states inside it. */
  readonly states: readonly ChartState[]
  readonly transitions: readonly ChartTransition[]
}

/**
 * Converts the definition of a machine to nodes and arrows. All transitions between the same two states share one
 * arrow.
 */
export function toGraph(machine: AnyStateMachine): ChartGraph {
  const states: ChartState[] = []
  const arrows = new Map<string, { source: string; target: string; lines: ChartLine[] }>()

  const visit = (node: AnyStateNode) => {
    const internal: ChartLine[] = []
    let hasInward = false
    for (const transition of toTransitions(node)) {
      const ends = toArrowEnds(transition)
      const line = toLine(transition)
      if (ends === null) internal.push(line)
      else {
        hasInward ||= ends.source === toAnyId(node.id)
        const id = toArrowId(ends.source, ends.target)
        const arrow = arrows.get(id) ?? { ...ends, lines: [] }
        arrow.lines.push(line)
        arrows.set(id, arrow)
      }
    }
    const isRoot = node.parent === undefined
    if (!isRoot) states.push(toState(node, internal))
    if (hasInward || (isRoot && internal.length > 0)) {
      states.push(toAnyState(node, isRoot ? internal : []))
    }
    for (const child of Object.values(node.states)) visit(child as AnyStateNode)
  }
  visit(machine.root)

  return {
    isParallel: machine.root.type === 'parallel',
    states,
    transitions: [...arrows].map(([id, arrow]) => ({ ...arrow, id, lines: mergeLines(arrow.lines) })),
  }
}

function toTransitions(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...node.transitions.values(), node.always ?? []].flat()
}

function toState(node: AnyStateNode, internal: ChartLine[]): ChartState {
  const parent = node.parent as AnyStateNode
  return {
    id: node.id,
    parent: parent.parent ? parent.id : null,
    name: node.key,
    kind: node.type === 'compound' || node.type === 'parallel' ? 'compound' : 'atomic',
    isInitial: parent.type === 'compound' && parent.initial.target[0] === node,
    description: node.description ?? '',
    invokes: node.invoke.map((invoked) => toName(invoked.src)),
    internal,
  }
}

function toAnyState(node: AnyStateNode, internal: ChartLine[]): ChartState {
  return {
    id: toAnyId(node.id),
    parent: node.parent ? node.id : null,
    name: 'in any state',
    kind: 'any',
    isInitial: false,
    description: '',
    invokes: [],
    internal,
  }
}

function toLine(transition: AnyTransitionDefinition): ChartLine {
  return {
    event: toEventName(transition),
    guards: transition.guard ? [toName(transition.guard)] : [],
    actions: transition.actions.map((action) => toName(action)),
  }
}

/** Joins the lines of one event, of which any guard may hold. */
function mergeLines(lines: readonly ChartLine[]): ChartLine[] {
  const merged: ChartLine[] = []
  for (const line of lines) {
    const index = merged.findIndex(({ event }) => event === line.event)
    const same = merged[index]
    if (!same) merged.push(line)
    else {
      merged[index] = {
        event: line.event,
        guards: same.guards.length && line.guards.length ? [...new Set([...same.guards, ...line.guards])] : [],
        actions: [...new Set([...same.actions, ...line.actions])],
      }
    }
  }
  return merged
}

/** Returns the name of an event for readers. XState's own events carry the id of an invoke or a delay. */
export function toEventName({ eventType, source, ...rest }: AnyTransitionDefinition): string {
  if (!eventType) return 'always'
  const actor = /^xstate\.(done|error)\.actor\.(.*)$/.exec(eventType)
  if (actor) {
    const invoked = (source as AnyStateNode).invoke.find(({ id }) => id === actor[2])
    return `${invoked ? toName(invoked.src) : actor[2]} ${actor[1] === 'done' ? 'done' : 'failed'}`
  }
  if (eventType.startsWith('xstate.after.')) {
    const delay = 'delay' in rest ? rest.delay : undefined
    return `after ${typeof delay === 'number' ? `${delay} ms` : toName(delay)}`
  }
  return eventType.replace(/^xstate\.done\.state\..*$/, 'done')
}
