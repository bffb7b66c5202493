import { createMachine, not, type AnyStateMachine } from 'xstate'
import { getStateNodes } from 'xstate/graph'

/** A machine with one fault. */
export interface Mutant {
  readonly name: string
  readonly machine: AnyStateMachine
}

/** The parts of a machine's definition that can be mutated. */
interface TransitionConfig {
  readonly guard?: unknown
  readonly target?: string
  readonly actions?: unknown
  readonly [field: string]: unknown
}
interface NodeConfig {
  readonly on?: Readonly<Record<string, TransitionList>>
  readonly after?: Readonly<Record<string, TransitionList>>
  readonly always?: TransitionList
  readonly invoke?: { readonly onDone?: TransitionList; readonly onError?: TransitionList }
  readonly states?: Readonly<Record<string, NodeConfig>>
  readonly [field: string]: unknown
}
type TransitionList = string | TransitionConfig | readonly TransitionConfig[]
type Path = readonly (string | number)[]

/** A fault may make a machine loop. XState stops after this many steps. */
const options = { maxIterations: 100 }

/** Makes a machine with the same definition and implementations, or with changed ones. */
export function rebuild(
  machine: AnyStateMachine,
  config: NodeConfig = machine.config as NodeConfig,
  implementations: object = machine.implementations,
): AnyStateMachine {
  return createMachine({ ...config, options } as never, implementations as never) as AnyStateMachine
}

/**
 * Returns every fault of these kinds, one at a time, from the machine's own definition: a negated guard, a transition
 * with another target (each of the other atomic states), a removed delay, a guard whose implementation is always true
 * or always false, an action without effect, and a transition without one of its actions.
 */
export function toMutants(machine: AnyStateMachine): Mutant[] {
  const config = machine.config as NodeConfig
  const targets = toTargets(machine)
  const inConfig = (name: string, path: Path, value: unknown): Mutant => ({
    name,
    machine: rebuild(machine, withValue(config, path, value)),
  })

  const mutants = transitionsOf(config).flatMap(({ path, place, transition }): Mutant[] => {
    const { guard, target, actions } = transition
    const others = target === undefined ? [] : targets.filter((each) => each !== toAtomic(target, path, machine))
    return [
      ...(guard === undefined ? [] : [inConfig(`${place}: guard negated`, [...path, 'guard'], not(guard as never))]),
      ...others.map((other) => inConfig(`${place}: target ${other}`, [...path, 'target'], `#${other}`)),
      ...toList(actions).map((action, index) =>
        inConfig(`${place}: without ${toName(action)}`, [...path, 'actions'], toList(actions).toSpliced(index, 1)),
      ),
    ]
  })
  const { guards, actions } = machine.implementations as unknown as Implementations
  const blanked = (kind: 'guards' | 'actions', name: string, value: unknown) =>
    rebuild(machine, config, {
      ...machine.implementations,
      [kind]: { ...machine.implementations[kind], [name]: value },
    })
  return [
    ...mutants,
    ...nodesOf(config).flatMap(({ path, node }) => [
      ...Object.keys(node.after ?? {}).map((delay) =>
        inConfig(`${toPlace(path)}: delay ${delay} dropped`, [...path, 'after'], without(node.after ?? {}, delay)),
      ),
      ...(['entry', 'exit'] as const).flatMap((when) =>
        toList(node[when]).map((action, index) =>
          inConfig(
            `${toPlace(path)}: ${when} without ${toName(action)}`,
            [...path, when],
            toList(node[when]).toSpliced(index, 1),
          ),
        ),
      ),
    ]),
    ...Object.keys(guards).flatMap((name) => [
      { name: `guard ${name}: always true`, machine: blanked('guards', name, () => true) },
      { name: `guard ${name}: always false`, machine: blanked('guards', name, () => false) },
    ]),
    ...Object.keys(actions).map((name) => ({
      name: `action ${name}: blanked`,
      machine: blanked('actions', name, () => {}),
    })),
  ]
}

interface Implementations {
  readonly guards: Readonly<Record<string, unknown>>
  readonly actions: Readonly<Record<string, unknown>>
}

/** Returns the atomic states of the machine. */
function toTargets(machine: AnyStateMachine): string[] {
  return getStateNodes(machine.root).flatMap((node) => (node.type === 'atomic' ? [node.id] : []))
}

/** Returns the id of the atomic state that a target in the definition leads to. */
function toAtomic(target: string, path: Path, machine: AnyStateMachine): string {
  const source = [machine.id, ...path.filter((_, index) => path[index - 1] === 'states')].join('.')
  const parent = source.slice(0, source.lastIndexOf('.'))
  const id = target.startsWith('#') ? target.slice(1) : target.startsWith('.') ? source + target : `${parent}.${target}`
  let node = machine.getStateNodeById(id)
  while (node.type === 'compound') node = node.initial.target[0]!
  return node.id
}

function nodesOf(node: NodeConfig, path: Path = []): { path: Path; node: NodeConfig }[] {
  const inner = Object.entries(node.states ?? {})
  return [{ path, node }, ...inner.flatMap(([name, child]) => nodesOf(child, [...path, 'states', name]))]
}

function transitionsOf(config: NodeConfig) {
  return nodesOf(config).flatMap(({ path, node }) => {
    const { on = {}, after = {}, always, invoke } = node
    const lists: [string, Path, TransitionList | undefined][] = [
      ...Object.entries(on).map(([event, list]) => [event, ['on', event], list] as [string, Path, TransitionList]),
      ...Object.entries(after).map(
        ([delay, list]) => [`after ${delay}`, ['after', delay], list] as [string, Path, TransitionList],
      ),
      ['always', ['always'], always],
      ['done', ['invoke', 'onDone'], invoke?.onDone],
      ['failed', ['invoke', 'onError'], invoke?.onError],
    ]
    return lists.flatMap(([event, to, list]) =>
      toList(list).map((each, index) => ({
        path: [...path, ...to, ...(Array.isArray(list) ? [index] : [])],
        place: `${toPlace(path)} on ${event}${Array.isArray(list) ? `[${index}]` : ''}`,
        transition: (typeof each === 'string' ? { target: each } : each) as TransitionConfig,
      })),
    )
  })
}

const toPlace = (path: Path) => path.filter((part) => part !== 'states').join('.') || 'root'
const toList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]
const toName = (action: unknown) => (typeof action === 'string' ? action : (action as { type: string }).type)
const without = (from: object, name: string) => Object.fromEntries(Object.entries(from).filter(([key]) => key !== name))

/** Returns a copy with another value at a path. A transition that is written as a bare target becomes an object. */
function withValue<T>(from: T, [first, ...rest]: Path, value: unknown): T {
  if (first === undefined) return value as T
  const base = typeof from === 'string' ? { target: from } : from
  const inner = withValue((base as Record<string | number, unknown>)[first], rest, value)
  if (Array.isArray(base)) return base.with(first as number, inner) as T
  return { ...base, [first]: inner } as T
}
