import { toName } from 'authchart/inspector'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { toEventName } from '../../docs/demo/src/chart/to-graph.ts'

/** Writes every state of a machine with its meaning and its effects as a Markdown table. */
export function toStateTable(machine: AnyStateMachine): string {
  const rows = toNodes(machine.root)
    .slice(1)
    .map((node) => [
      toCode(toPath(node)),
      node.description ?? '',
      node.tags.map(toCode).join(' '),
      toActions(node.entry),
      toActions(node.exit),
      node.invoke.map(({ src }) => toCode(toName(src))).join(', '),
    ])
  return toTable(['state', 'meaning', 'tags', 'on entry', 'on exit', 'runs'], rows)
}

/** Writes every transition of a machine, in the order in which they are tried, as a Markdown table. */
export function toTransitionTable(machine: AnyStateMachine): string {
  const rows = toNodes(machine.root).flatMap((node) =>
    [...node.transitions.values(), node.always ?? []]
      .flat()
      .map((transition) => [
        node === machine.root ? 'any' : toCode(toPath(node)),
        toEvent(transition),
        transition.guard ? toNamed(transition.guard) : '',
        toTarget(transition),
        toActions(transition.actions),
      ]),
  )
  return toTable(['from', 'event', 'guard', 'to', 'actions'], rows)
}

function toNodes(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap((child) => toNodes(child as AnyStateNode))]
}

/** Returns the path of a state without the name of its machine. */
const toPath = ({ path }: AnyStateNode) => path.join('.')

function toEvent(transition: AnyTransitionDefinition): string {
  const name = toEventName(transition)
  return name === 'always' ? '*at once*' : toCode(name)
}

function toTarget({ target, source, reenter }: AnyTransitionDefinition): string {
  const [node] = target ?? []
  if (!node) return ''
  return `${toCode(toPath(node as AnyStateNode))}${reenter && node === source ? ', entered again' : ''}`
}

/** Returns the actions that have a name. The others start and stop the timers of `after`. */
const toActions = (actions: readonly unknown[]) =>
  actions
    .filter((action) => typeof action !== 'function')
    .map(toNamed)
    .join(', ')

/** Returns the name of a guard or an action, with its parameters if the chart contains them. */
function toNamed(named: unknown): string {
  const params = typeof named === 'object' && named !== null && 'params' in named ? named.params : undefined
  const given = typeof params === 'string' ? params : toErrorCode(params)
  return toCode(toName(named)) + (given ? ` (${given})` : '')
}

function toErrorCode(params: unknown): string {
  return typeof params === 'object' && params !== null && 'code' in params ? String(params.code) : ''
}

const toCode = (text: string) => `\`${text}\``

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = head.map((_, column) => rows.some((row) => row[column] !== ''))
  const toRow = (cells: readonly string[]) => `| ${cells.filter((_, column) => used[column]).join(' | ')} |`
  return [toRow(head), toRow(head.map(() => '---')), ...rows.map(toRow)].join('\n')
}
