import { and, not, or } from 'xstate'

/**
 * `and`, `or` and `not` return functions that carry their parts. In minified code only their `check` identifies them.
 */
const joints = [
  { word: 'and', of: toCheck(and([])) },
  { word: 'or', of: toCheck(or([])) },
  { word: 'not', of: toCheck(not('')) },
]

function toCheck(guard: object): unknown {
  return 'check' in guard ? guard.check : guard
}

/**
 * Returns the name of a guard, an action, an actor or a delay, as a definition refers to it. For combined guards it is
 * made of their names.
 */
export function toName(named: unknown): string {
  if (typeof named === 'string') return named
  if (typeof named === 'function' && 'guards' in named && Array.isArray(named.guards)) {
    const parts = named.guards.map((part) => (typeof part === 'function' ? `(${toName(part)})` : toName(part)))
    const joint = joints.find(({ of }) => 'check' in named && of === named.check)?.word ?? ','
    return joint === 'not' ? `not ${parts[0]}` : parts.join(` ${joint} `)
  }
  if (typeof named === 'object' && named !== null && 'type' in named && typeof named.type === 'string')
    return named.type
  return typeof named === 'function' && named.name ? named.name : 'inline'
}
