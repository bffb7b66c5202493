import { toAnyId, type ChartGraph, type ChartLine, type ChartState } from '../../docs/demo/src/chart/to-graph.ts'

export interface MermaidOptions {
  /** The state whose content is drawn. Default: the whole machine. */
  readonly scope?: string | null
  /** If true, the content of the drawn states is left out, and the guards too. */
  readonly isOverview?: boolean
  /** The direction of the picture. Default: from top to bottom. */
  readonly direction?: 'LR'
}

/** Writes a graph as a Mermaid `stateDiagram-v2`. Arrows out of the scope lead to states that are drawn beside it. */
export function toMermaid(
  graph: ChartGraph,
  { scope = null, isOverview = false, direction }: MermaidOptions = {},
): string {
  const states = new Map(graph.states.map((state) => [state.id, state]))
  const toParent = (id: string) => states.get(id)?.parent ?? null
  /** Transitions from any state come last; otherwise Mermaid puts them on top of everything. */
  const toRank = (id: string) => Number(id === scope || states.get(id)?.kind === 'any')
  const joined = new Set(graph.transitions.flatMap(({ source, target }) => [source, target]))
  const toInside = (id: string | null) =>
    graph.states
      .filter(({ parent, kind, id: inner }) => parent === id && (kind !== 'any' || joined.has(inner)))
      .toSorted((a, b) => toRank(a.id) - toRank(b.id))
  const isInScope = (id: string): boolean => {
    const parent = toParent(id)
    return parent === scope || (parent !== null && isInScope(parent))
  }
  /** Returns the state that represents this one in the picture: itself, or its closest ancestor that is drawn. */
  const toShown = (id: string): string => {
    if (id === scope) return toAnyId(id)
    const parent = toParent(id)
    const isDrawn = parent === scope || parent === null || (isInScope(id) ? !isOverview : isInScope(parent))
    return isDrawn || parent === null || parent === toParent(scope ?? '') ? id : toShown(parent)
  }

  const draw = (state: ChartState, indent: string): string[] => {
    const inside = isOverview ? [] : toInside(state.id)
    const line = `${indent}state "${state.name}" as ${toName(state.id)}`
    return inside.length === 0 ? [line] : [`${line} {`, ...drawAll(inside, `${indent}  `), `${indent}}`]
  }
  const drawAll = (inside: readonly ChartState[], indent: string): string[] => [
    ...inside.flatMap((state) => draw(state, indent)),
    ...inside.filter(({ isInitial }) => isInitial).map(({ id }) => `${indent}[*] --> ${toName(id)}`),
  ]

  const beside = new Set<string>()
  const arrows = new Map<string, Set<string>>()
  for (const { source, target, lines } of graph.transitions.toSorted((a, b) => toRank(a.source) - toRank(b.source))) {
    const from = toShown(source)
    const to = toShown(target)
    const leaves = source === scope || isInScope(source)
    if (from === to || (scope !== null && !leaves && !(isInScope(target) && target !== scope))) continue
    for (const end of [from, to]) if (!isInScope(end)) beside.add(end)
    const arrow = `${toName(from)} --> ${toName(to)}`
    const labels = lines.map((line) => toLabel(line, isOverview))
    arrows.set(arrow, new Set([...(arrows.get(arrow) ?? []), ...labels]))
  }
  return [
    'stateDiagram-v2',
    ...(direction ? [`  direction ${direction}`] : []),
    ...drawAll(toInside(scope), '  '),
    ...[...beside].map((id) => `  state "${states.get(id)?.name ?? 'in any state'}" as ${toName(id)}`),
    ...[...arrows].map(([arrow, labels]) => `  ${arrow}: ${[...labels].join(lineBreak)}`),
  ].join('\n')
}

/** Lines are broken here, because Mermaid breaks long lines at a width that makes labels overlap. */
const lineBreak = '<br/>'

/** Returns a label. A transition that needs no event has only its guard. */
function toLabel({ event, guards }: ChartLine, isOverview: boolean): string {
  const guard = guards.length > 0 ? `[${guards.join(' or ').replaceAll(/ (?=(?:and|or) )/g, lineBreak)}]` : ''
  if (event === 'always' && guard) return guard
  return isOverview || !guard ? event : event + lineBreak + guard
}

/** Replaces dots and colons, which have a meaning for Mermaid. */
const toName = (id: string) => id.replaceAll(/[.:]/g, '_')
