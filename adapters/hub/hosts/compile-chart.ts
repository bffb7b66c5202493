import type { AnyEventObject, AnyStateMachine, AnyStateNode, StateValue } from 'xstate'
import {
  compileActions,
  compileEntry,
  compileExit,
  compileGuard,
  UnsupportedChart,
  type ChartAction,
  type ChartEffect,
  type ChartGuard,
  type ChartWork,
} from './chart-actions.ts'

/** The state of a chart, without its context. All sessions in one state share one object. */
export interface ChartState {
  readonly value: StateValue
  hasTag(tag: string): boolean
}

/** The result of an event: the next state, and the effects to carry out, in this order. */
export interface ChartStep<Context> {
  readonly state: ChartState
  /** The same object as before, unless an action assigned something. */
  readonly context: Context
  readonly effects: readonly ChartEffect[]
}

/** A statechart as a pure function. */
export interface CompiledChart<Context> {
  start(input: unknown): ChartStep<Context>
  step(state: ChartState, context: Context, event: AnyEventObject): ChartStep<Context>
}

/** A transition from one leaf, with every action on the way in the order of SCXML's microstep. */
interface Move {
  readonly isEnabled: ChartGuard
  readonly actions: readonly ChartAction[]
  readonly to: Leaf
}

/** A state without substates. One state is active at each level, so the innermost one determines all others. */
interface Leaf extends ChartState {
  /** The transitions for each event: first those of the leaf, then those of the states around it. */
  readonly moves: Map<string, Move[]>
  /** The transitions that need no event. */
  readonly always: Move[]
}

type Transition = Pick<
  NonNullable<AnyStateNode['always']>[number],
  'target' | 'source' | 'reenter' | 'actions' | 'guard'
>

/**
 * Compiles an XState machine: for each transition it works out once which states are left and entered and which actions
 * run, which XState's own `transition` works out for every event. The machine stays the only source of behaviour, and
 * tests compare the result with XState.
 *
 * It supports the features that the auth machine uses: nested states, guards, `always`, `after`, `invoke`, and the
 * actions assign, emit, raise, cancel, and enqueueActions with assign and emit.
 *
 * @returns null if the machine uses anything else
 */
export function compileChart<Context>(machine: AnyStateMachine): CompiledChart<Context> | null {
  try {
    return createChart(machine)
  } catch (error) {
    if (error instanceof UnsupportedChart) return null
    throw error
  }
}

function createChart<Context>(machine: AnyStateMachine): CompiledChart<Context> {
  const leaves = new Map<AnyStateNode, Leaf>()
  for (const node of toDescendants(machine.root)) {
    if (node.type === 'atomic') leaves.set(node, createLeaf(node))
    else if (node.type !== 'compound' || node.initial.actions.length > 0) throw new UnsupportedChart()
  }
  for (const [node, { moves, always }] of leaves) {
    for (const source of toPath(node)) {
      for (const [type, transitions] of source.transitions) {
        if (type.includes('*')) throw new UnsupportedChart()
        moves.set(type, [...(moves.get(type) ?? []), ...transitions.map((each) => compileMove(node, each))])
      }
      always.push(...(source.always ?? []).map((each) => compileMove(node, each)))
    }
  }

  function compileMove(from: AnyStateNode, transition: Transition): Move {
    const [target, ...others] = transition.target ?? []
    if (others.length > 0) throw new UnsupportedChart()
    const { exited, entered } = target ? toWay(from, target, transition) : noWay
    return {
      isEnabled: compileGuard(machine, transition.guard),
      actions: [
        ...exited.flatMap((node) => compileExit(machine, node)),
        ...compileActions(machine, transition.actions),
        ...entered.flatMap((node) => compileEntry(machine, node)),
      ],
      to: leaves.get(entered.at(-1) ?? from)!,
    }
  }

  const entered = toEntered(machine.root)
  const begin = {
    actions: entered.flatMap((node) => compileEntry(machine, node)),
    to: leaves.get(entered.at(-1) ?? machine.root)!,
  }

  return {
    start(input) {
      const { context } = machine.config
      const work = createWork(typeof context === 'function' ? context({ input }) : context, { type: 'xstate.init' })
      return settle(take(begin, work), work)
    },
    step(state, context, event) {
      const work = createWork(context, event)
      return settle(react(state as Leaf, work), work)
    },
  }
}

const none: readonly Move[] = []

const createWork = (context: unknown, event: AnyEventObject): ChartWork => ({
  context,
  event,
  effects: [],
  raised: [],
  assigned: 0,
})

function take({ actions, to }: Pick<Move, 'actions' | 'to'>, work: ChartWork): Leaf {
  for (const act of actions) act(work)
  return to
}

/** Takes the transition for the current event. The innermost state that has one decides. */
function react(leaf: Leaf, work: ChartWork): Leaf {
  const move = select(leaf.moves.get(work.event.type) ?? none, work)
  return move ? take(move, work) : leaf
}

/** Goes on while there is anything left to do by itself, before what the chart has sent to itself. */
function settle<Context>(from: Leaf, work: ChartWork): ChartStep<Context> {
  let leaf = from
  for (;;) {
    const before = work.assigned
    const move = select(leaf.always, work)
    if (move) {
      const { to } = move
      take(move, work)
      // One that changes nothing would be taken for ever.
      const isIdle = to === leaf && work.assigned === before
      leaf = to
      if (!isIdle) continue
    }
    const event = work.raised.shift()
    if (!event) return { state: leaf, context: work.context as Context, effects: work.effects }
    work.event = event
    leaf = react(leaf, work)
  }
}

function select(moves: readonly Move[], work: ChartWork): Move | undefined {
  for (const move of moves) if (move.isEnabled(work)) return move
  return undefined
}

function createLeaf(node: AnyStateNode): Leaf {
  const [leaf, ...ancestors] = toPath(node).filter(({ parent }) => parent)
  const value = ancestors.reduce<StateValue>((inner, { key }) => ({ [key]: inner }), leaf?.key ?? {})
  const tags = new Set(toPath(node).flatMap((each) => each.tags))
  return { value, hasTag: (tag) => tags.has(tag), moves: new Map(), always: [] }
}

interface Way {
  readonly exited: readonly AnyStateNode[]
  readonly entered: readonly AnyStateNode[]
}

const noWay: Way = { exited: [], entered: [] }

/** SCXML's exit set, innermost first, and its entry set, outermost first. */
function toWay(from: AnyStateNode, target: AnyStateNode, { source, reenter }: Transition): Way {
  const isInside = target === source || isDescendant(target, source)
  const domain = isInside && !reenter ? source : toAncestors(target).find((ancestor) => isDescendant(source, ancestor))
  if (!domain) throw new UnsupportedChart()
  const between = toPath(target).filter((node) => isDescendant(node, domain))
  return {
    exited: toPath(from).filter((node) => isDescendant(node, domain)),
    entered: [
      ...between.toReversed().slice(0, -1),
      ...(target === domain ? toEntered(target).slice(1) : toEntered(target)),
    ],
  }
}

/** A state and the states in it that are entered by default. */
const toEntered = (node: AnyStateNode): AnyStateNode[] =>
  node.type === 'compound' ? [node, ...node.initial.target.flatMap((each) => toEntered(each as AnyStateNode))] : [node]

/** A state and those that it is in, innermost first. */
const toPath = (node: AnyStateNode): AnyStateNode[] => [node, ...toAncestors(node)]

const toAncestors = (node: AnyStateNode): AnyStateNode[] => (node.parent ? toPath(node.parent) : [])

const isDescendant = (node: AnyStateNode, ancestor: AnyStateNode): boolean => toAncestors(node).includes(ancestor)

const toDescendants = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(toDescendants),
]
