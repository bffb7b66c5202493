import type { AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** Returns the id of the mark for "in any state of this one". */
export const toAnyId = (id: string): string => `${id}:any`

/**
 * Returns the id of the arrow between two states, or marks, of a chart. A step names the arrows that it took by this
 * id.
 */
export const toArrowId = (source: string, target: string): string => `${source} -> ${target}`

/**
 * Returns the ids between which an arrow runs, or null for a transition that stays in its state. A transition to an
 * enclosing state ends at the state in which the enclosing one starts. A transition from an enclosing state starts at
 * its `any` mark.
 */
export function toArrowEnds(transition: AnyTransitionDefinition): { source: string; target: string } | null {
  const source = transition.source as AnyStateNode
  let target = transition.target?.[0] as AnyStateNode | undefined
  if (!target || target === source) return null
  while (isWithin(source, target) && target.type === 'compound') target = target.initial.target[0] as AnyStateNode
  if (target === source) return null
  return { source: isWithin(target, source) ? toAnyId(source.id) : source.id, target: target.id }
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  return node.parent !== undefined && (node.parent === ancestor || isWithin(node.parent, ancestor))
}
