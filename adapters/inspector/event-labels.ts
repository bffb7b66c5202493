import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** XState's own events that every actor may get, with a readable label for each. */
const common: readonly (readonly [string, string])[] = [
  ['xstate.init', 'start'],
  ['xstate.stop', 'stop'],
  ['xstate.promise.resolve', 'done'],
  ['xstate.promise.reject', 'failed'],
]
const labels = new WeakMap<object, ReadonlyMap<string, string>>()
const none: ReadonlyMap<string, string> = new Map(common)

/**
 * Returns the types of the events that an actor declares, each with a readable label, because XState's own events
 * contain the id of an invoke or the name of a delay. An event of another type may come from outside and contain
 * anything.
 */
export function toEventLabels(machine: AnyStateMachine | null): ReadonlyMap<string, string> {
  if (!machine) return none
  let known = labels.get(machine)
  if (!known) {
    const invokes = toInvokes(machine.root)
    known = new Map([...common, ...machine.events.map((type) => [type, toLabel(type, invokes)] as const)])
    labels.set(machine, known)
  }
  return known
}

function toLabel(type: string, invokes: ReadonlyMap<string, string>): string {
  const actor = /^xstate\.(done|error)\.actor\.(.*)$/.exec(type)
  if (actor) return `${invokes.get(actor[2] ?? '') ?? actor[2]} ${actor[1] === 'done' ? 'done' : 'failed'}`
  const delay = /^xstate\.after\.([^.]+)\./.exec(type)?.[1]
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`
  return type.replace(/^xstate\.done\.state\./, 'done ')
}

function toInvokes(node: AnyStateNode): Map<string, string> {
  return new Map([
    ...node.invoke.map(({ id, src }) => [id, typeof src === 'string' ? src : id] as const),
    ...Object.values(node.states).flatMap((child) => [...toInvokes(child as AnyStateNode)]),
  ])
}
