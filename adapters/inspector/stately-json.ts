import type { AnyStateMachine } from 'xstate'
import { toName } from './to-name.ts'

type Config = Readonly<Record<string, unknown>>

const definitions = new WeakMap<object, string>()

/**
 * Returns a machine as JSON that XState's `createMachine` accepts: its states, transitions and delays, and only the
 * names of its implementations. Contexts, inputs, outputs and parameters are left out, because they may contain
 * anything.
 */
export function toDefinition(machine: AnyStateMachine): string {
  let definition = definitions.get(machine)
  if (definition === undefined) {
    definition = JSON.stringify({ ...toState(machine.config as Config), id: machine.id })
    definitions.set(machine, definition)
  }
  return definition
}

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
