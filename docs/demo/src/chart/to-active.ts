import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate'

/** Returns the ids of the states in a state value and of the states around them, outermost first. */
export function toActiveIds(machine: AnyStateMachine, value: StateValue): string[] {
  return collect(machine.root, value)
}

function collect(node: AnyStateNode, value: StateValue): string[] {
  const entries = typeof value === 'string' ? [[value, {}] as const] : Object.entries(value)
  return entries.flatMap(([key, inner]) => {
    const child = node.states[key] as AnyStateNode | undefined
    return child ? [child.id, ...(inner === undefined ? [] : collect(child, inner))] : []
  })
}
