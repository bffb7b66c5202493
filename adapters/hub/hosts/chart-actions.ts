import type { AnyEventObject, AnyStateMachine, AnyStateNode } from 'xstate'

/** An effect that a step asks its host to carry out. */
export type ChartEffect =
  /** Send `event` to the chart in `delay` ms, unless it is cancelled by its id, if it has one. */
  | { readonly type: 'delay'; readonly id: string | undefined; readonly event: AnyEventObject; readonly delay: number }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'emit'; readonly event: AnyEventObject }
  /** Start an actor; its end is an event `xstate.done.actor.<id>` or `xstate.error.actor.<id>`. */
  | { readonly type: 'invoke'; readonly id: string; readonly input: unknown }
  | { readonly type: 'stop'; readonly id: string }

/** The working state of one step: the chart's functions read its context and event, and actions change it in turn. */
export interface ChartWork {
  context: unknown
  event: AnyEventObject
  readonly effects: ChartEffect[]
  /** Events that the chart sent to itself, still to be worked on in this step. */
  readonly raised: AnyEventObject[]
  /** How often the context was assigned to. The first time copies it, so that the context before the step stays. */
  assigned: number
}

export type ChartAction = (work: ChartWork) => void
export type ChartGuard = (work: ChartWork) => boolean

/** The machine has something in it that is not compiled. */
export class UnsupportedChart extends Error {}

type Fields = Record<string, unknown>
type Expression = (args: object, params?: unknown) => unknown
/** An action of XState's own making: its creators leave what they were told on a function. */
type Builtin = Expression & Fields & { readonly type: string }
type Runner = (work: ChartWork, params?: unknown) => void

/** @throws UnsupportedChart */
export function compileGuard({ implementations }: AnyStateMachine, reference: unknown): ChartGuard {
  if (reference === undefined) return () => true
  const guard = (typeof reference === 'function' ? reference : implementations.guards[toName(reference)]) as Expression
  // Combined guards look at more than the context and the event.
  if (typeof guard !== 'function' || 'check' in guard) throw new UnsupportedChart()
  const params = toParams(reference)
  return (work) => Boolean(guard(work, evaluate(params, work)))
}

/** Compiles the actions of entering a state. @throws UnsupportedChart */
export function compileEntry(machine: AnyStateMachine, node: AnyStateNode): ChartAction[] {
  const invokes = node.invoke.map(({ id, input, onSnapshot }): ChartAction => {
    if (onSnapshot) throw new UnsupportedChart()
    return (work) => void work.effects.push({ type: 'invoke', id, input: evaluate(input, work) })
  })
  return [...compileActions(machine, node.entry), ...invokes]
}

/** Compiles the actions of leaving a state. @throws UnsupportedChart */
export function compileExit(machine: AnyStateMachine, node: AnyStateNode): ChartAction[] {
  const stops = node.invoke.map(({ id }): ChartAction => {
    const stop: ChartEffect = { type: 'stop', id }
    return (work) => void work.effects.push(stop)
  })
  return [...compileActions(machine, node.exit), ...stops]
}

/** @throws UnsupportedChart */
export function compileActions(machine: AnyStateMachine, references: readonly unknown[]): ChartAction[] {
  return references.map((reference) => {
    const action = typeof reference === 'function' ? reference : machine.implementations.actions[toName(reference)]
    if (typeof action !== 'function' || !('type' in action)) throw new UnsupportedChart()
    const run = compileBuiltin(machine, action as unknown as Builtin)
    const params = toParams(reference)
    return params === undefined ? run : (work) => run(work, evaluate(params, work))
  })
}

function compileBuiltin(machine: AnyStateMachine, action: Builtin): Runner {
  switch (action.type) {
    case 'xstate.assign': {
      const assignment = requireField(action, 'assignment')
      return (work, params) => assign(work, assignment, params)
    }
    case 'xstate.emit': {
      const event = requireField(action, 'event')
      return (work, params) => emit(work, event, params)
    }
    case 'xstate.cancel': {
      const id = requireField(action, 'sendId')
      return (work, params) => void work.effects.push({ type: 'cancel', id: evaluate(id, work, params) as string })
    }
    case 'xstate.raise':
      return compileRaise(machine, action)
    case 'xstate.enqueueActions': {
      const collect = requireField(action, 'collect') as Expression
      return (work, params) => void collect(toCollected(work), params)
    }
    default:
      throw new UnsupportedChart()
  }
}

function compileRaise({ implementations }: AnyStateMachine, action: Builtin): Runner {
  const { id } = action
  const raised = requireField(action, 'event')
  const delay: unknown = typeof action['delay'] === 'string' ? implementations.delays[action['delay']] : action['delay']
  return (work, params) => {
    const event = evaluate(raised, work, params) as AnyEventObject
    const ms = evaluate(delay, work, params)
    if (typeof ms === 'number') work.effects.push({ type: 'delay', id: id as string | undefined, event, delay: ms })
    else work.raised.push(event)
  }
}

function assign(work: ChartWork, assignment: unknown, params?: unknown) {
  const changes = (
    typeof assignment === 'function' ? assignment(work, params) : evaluateFields(assignment as Fields, work, params)
  ) as Fields
  const context = work.context as Fields
  work.context = work.assigned > 0 ? Object.assign(context, changes) : { ...context, ...changes }
  work.assigned += 1
}

/** All fields read the context from before the assignment. */
function evaluateFields(fields: Fields, work: ChartWork, params: unknown): Fields {
  const values: Fields = {}
  for (const name in fields) values[name] = evaluate(fields[name], work, params)
  return values
}

function emit(work: ChartWork, event: unknown, params?: unknown) {
  work.effects.push({ type: 'emit', event: evaluate(event, work, params) as AnyEventObject })
}

/** As in XState each runs on what those before it left; what is asked for here can be done at once. */
const toCollected = (work: ChartWork) => ({
  context: work.context,
  event: work.event,
  enqueue: {
    assign: (assignment: unknown) => assign(work, assignment),
    emit: (event: unknown) => emit(work, event),
  },
})

function evaluate(value: unknown, work: ChartWork, params?: unknown): unknown {
  return typeof value === 'function' ? (value as Expression)(work, params) : value
}

const toName = (reference: unknown): string =>
  typeof reference === 'string' ? reference : (reference as { readonly type: string }).type

const toParams = (reference: unknown): unknown =>
  typeof reference === 'object' ? (reference as { readonly params?: unknown }).params : undefined

/** Reads a field of a built-in action, which another version of XState may name differently. */
function requireField(action: Builtin, name: string): unknown {
  if (action[name] === undefined) throw new UnsupportedChart()
  return action[name]
}
