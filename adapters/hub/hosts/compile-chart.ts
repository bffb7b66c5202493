import type { AnyEventObject, AnyStateMachine, AnyStateNode, StateValue } from 'xstate'
import { compileActions, compileEntry, compileExit, compileGuard, UnsupportedChart } from './chart-actions.ts'
import type { ChartAction, ChartEffect, ChartGuard, ChartWork } from './chart-actions.ts'

/** Where a chart stands, apart from its context: one object for each state, shared by whoever is in it. */
export interface ChartState {
  readonly value: StateValue
  hasTag(tag: string): boolean
}

/** Where an event leads, and what is to be done for it, in this order. */
export interface ChartStep<Context> {
  readonly state: ChartState
  /** The very one that was given, unless something was assigned. */
  readonly context: Context
  readonly effects: readonly ChartEffect[]
}

/** A statechart as a pure function. */
export interface CompiledChart<Context> {
  start(input: unknown): ChartStep<Context>
  step(state: ChartState, context: Context, event: AnyEventObject): ChartStep<Context>
}

/** A transition as it is from one leaf: all that happens on the way, in the order of SCXML's microstep. */
interface Move {
  readonly isEnabled: ChartGuard
  readonly actions: readonly ChartAction[]
  readonly to: Leaf
}

/** A state without states in it. Of nested states one is active at each level, so that the innermost says it all. */
interface Leaf extends ChartState {
  /** By event: those of the leaf, then those of the states that it is in. */
  readonly moves: Map<string, Move[]>
  /** Those that no event is needed for. */
  readonly always: Move[]
}

type Transition = Pick<
  NonNullable<AnyStateNode['always']>[number],
  'target' | 'source' | 'reenter' | 'actions' | 'guard'
>

/**
 * Works out beforehand, for every transition of an XState machine, which states it leaves and enters and what is done
 * on the way, where XState's own `transition` finds that out anew for every event. The machine stays the one source of
 * behaviour, and XState the reference that this is tested against.
 *
 * It compiles what the auth machine is made of: nested states, guards, `always`, `after`, `invoke`, and actions that
 * assign, emit, raise, cancel, or enqueue what is assigned and emitted. → null where there is anything else in it
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

const createWork = (context: unknown, event: AnyEventObject): ChartWork => ({ context, event, effects: [], raised: [] })

function take({ actions, to }: Pick<Move, 'actions' | 'to'>, work: ChartWork): Leaf {
  for (const act of actions) act(work)
  return to
}

/** What the event of the moment leads to: the innermost state that has an answer to it gives it. */
function react(leaf: Leaf, work: ChartWork): Leaf {
  const move = select(leaf.moves.get(work.event.type) ?? none, work)
  return move ? take(move, work) : leaf
}

/** Goes on while there is anything left to do by itself, before what the chart has sent to itself. */
function settle<Context>(from: Leaf, work: ChartWork): ChartStep<Context> {
  let leaf = from
  for (;;) {
    const before = work.context
    const move = select(leaf.always, work)
    if (move) {
      const { to } = move
      take(move, work)
      // One that changes nothing would be taken for ever.
      const isIdle = to === leaf && work.context === before
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
