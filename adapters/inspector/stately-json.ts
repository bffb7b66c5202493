import type { AnyStateMachine } from 'xstate'
import { toName } from './to-name.ts'

type Config = Readonly<Record<string, unknown>>

/** A machine as plain JSON: the config of XState's `createMachine`, with names in place of implementations. */
export type StatelyJson = Config & {
  /** The id of the machine, by which its transitions name their targets. */
  readonly id: string
}

const definitions = new WeakMap<object, string>()

/** Returns the JSON of {@link toStatelyJson} as text, which is made once for each machine. */
export function toDefinition(machine: AnyStateMachine): string {
  let definition = definitions.get(machine)
  if (definition === undefined) {
    definition = JSON.stringify(toStatelyJson(machine))
    definitions.set(machine, definition)
  }
  return definition
}

/**
 * Returns a machine as JSON for Stately Studio, the Stately inspector or XState's `createMachine`: its states,
 * transitions and descriptions, and the names of its guards, actions, actors and delays. Contexts, inputs, outputs and
 * parameters are left out, because they may contain anything.
 *
 * @example
 * console.log(JSON.stringify(toStatelyJson(authMachine), null, 2))
 */
export const toStatelyJson = (machine: AnyStateMachine): StatelyJson => ({
  ...toState(machine.config as Config),
  id: machine.id,
})

function toState(state: Config): object {
  const { id, type, initial, history, description, tags } = state
  return {
    ...drop({ id, type, initial: toInitial(initial), history, description, tags }),
    ...drop({
      entry: each(state['entry'], toNamed),
      exit: each(state['exit'], toNamed),
      invoke: each(state['invoke'], toInvoke),
      always: each(state['always'], toTransition),
      onDone: each(state['onDone'], toTransition),
      on: toTransitions(state['on']),
      after: toTransitions(state['after']),
    }),
    ...(isConfig(state['states']) && { states: mapValues(state['states'], (child) => toState(child as Config)) }),
  }
}

const toInitial = (initial: unknown) => (isConfig(initial) ? initial['target'] : initial)

function toTransitions(transitions: unknown): object | undefined {
  return isConfig(transitions) ? mapValues(transitions, (one) => each(one, toTransition)) : undefined
}

function toTransition(transition: unknown): unknown {
  if (!isConfig(transition)) return transition
  const { target, guard, actions, reenter, description } = transition
  const isTarget = typeof target === 'string' || Array.isArray(target)
  return {
    ...drop({ reenter, description, target: isTarget ? target : undefined }),
    ...drop({ guard: guard === undefined ? undefined : toNamed(guard), actions: each(actions, toNamed) }),
  }
}

function toInvoke(invoke: unknown): unknown {
  if (!isConfig(invoke)) return invoke
  const { id, src, onDone, onError } = invoke
  return drop({ id, src: toName(src), onDone: each(onDone, toTransition), onError: each(onError, toTransition) })
}

const toNamed = (named: unknown) => ({ type: toName(named) })

const isConfig = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function each(value: unknown, map: (item: unknown) => unknown): unknown {
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.map(map) : map(value)
}

const mapValues = (config: Config, map: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, map(value)]))
const drop = (config: Config) => Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
