import type { AnyStateMachine } from 'xstate'
import { toGraph } from '../../docs/demo/src/chart/to-graph.ts'
import { authMachine, jwksMachine, syncMachine } from '../../machines/index.ts'
import { toMermaid, type MermaidOptions } from './to-mermaid.ts'
import { toStateTable, toTransitionTable } from './to-table.ts'

/** A picture of a machine or of a part of it, with the heading above it. */
interface Picture extends MermaidOptions {
  readonly title: string
}

/** The pictures of the page, by machine. Each picture has only as much in it as people can read. */
const charts: readonly { readonly machine: AnyStateMachine; readonly pictures: readonly Picture[] }[] = [
  {
    machine: authMachine,
    pictures: [
      { title: 'The five states:', isOverview: true },
      { title: 'Inside `unchecked`:', scope: 'auth.unchecked', direction: 'LR' },
      { title: 'Inside `signedIn`:', scope: 'auth.signedIn', isOverview: true },
    ],
  },
  {
    machine: jwksMachine,
    pictures: [
      { title: 'The five states:', isOverview: true },
      { title: 'Inside `fresh`:', scope: 'jwks.fresh', direction: 'LR' },
      { title: 'Inside `failed`:', scope: 'jwks.failed' },
    ],
  },
  {
    machine: syncMachine,
    pictures: [
      { title: 'Region `stream`:', scope: 'sync.stream' },
      { title: 'Region `poll`:', scope: 'sync.poll', direction: 'LR' },
      { title: 'Region `session`:', scope: 'sync.session', isOverview: true },
      { title: 'Inside `session.fetchingToken`:', scope: 'sync.session.fetchingToken' },
    ],
  },
]

/** Returns the diagrams of all machines as Mermaid text. */
export function toDiagrams(): { readonly machine: string; readonly title: string; readonly text: string }[] {
  return charts.flatMap(({ machine, pictures }) => {
    const graph = toGraph(machine)
    return pictures.map(({ title, ...options }) => ({ machine: machine.id, title, text: toMermaid(graph, options) }))
  })
}

/** Returns the page with new pictures between its marks. All other text is written by hand. */
export function toChartPage(page: string): string {
  return charts.reduce((text, { machine }) => {
    const [begin, end] = [`<!-- ${machine.id}: generated -->\n`, `<!-- ${machine.id}: end -->`]
    const [before, rest] = text.split(begin)
    const after = rest?.split(end)[1]
    if (before === undefined || after === undefined)
      throw new Error(`docs/statechart.md has no marks for ${machine.id}`)
    const pictures = toDiagrams()
      .filter((diagram) => diagram.machine === machine.id)
      .map(({ title, text: diagram }) => `${title}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`)
    const tables = [`### States\n\n${toStateTable(machine)}\n`, `### Transitions\n\n${toTransitionTable(machine)}\n`]
    return `${before}${begin}\n${[...pictures, ...tables].join('\n')}\n${end}${after}`
  }, page)
}
