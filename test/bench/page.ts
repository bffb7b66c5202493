import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from './bench-row.ts'
import { drawCharts } from './charts.ts'
import { goals, meetsGoal, type RowName } from './goals.ts'
import type { BenchResults } from './results.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const page = `${docs}performance.md`

/** Puts the results into docs/performance.md, between its marks, and draws its charts. */
export function writePage(results: BenchResults): void {
  mkdirSync(`${docs}performance`, { recursive: true })
  for (const [name, svg] of drawCharts(results)) writeFileSync(`${docs}performance/${name}.svg`, svg)
  const parts = {
    machine: toMachine(results),
    rows: toTable(results.rows),
    storms: toStormTable(results.rows),
    notes: toNotes(results.rows),
  }
  let text = readFileSync(page, 'utf8')
  for (const [name, part] of Object.entries(parts)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, rest = ''] = text.split(start)
    const after = rest.split(end)[1]
    if (after === undefined) throw new Error(`docs/performance.md has no ${start} … ${end}`)
    text = `${before}${start}\n${part}\n${end}${after}`
  }
  writeFileSync(page, text)
}

const toMachine = ({ node, machine, versions }: BenchResults) =>
  `Node ${node}, ${machine}. ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.`

const isStorm = (name: string) => name.startsWith('storm/')
const names = Object.keys(goals) as RowName[]
const toGoal = (goal: string) => goal.replace('>=', '≥').replace('<=', '≤')
const unmeasured = 'not measured yet'

/** Makes a line for each row with a goal, measured or not. */
function toTable(rows: readonly BenchRow[]): string {
  const lines = names
    .filter((name) => !isStorm(name))
    .map((name) => {
      const row = rows.find((each) => each.name === name)
      if (row) return toLine(row)
      const { title, peer, goal } = goals[name]
      return `| \`${name}\` | ${title} | | ${peer === 'none' ? '' : peer} | | | | ${toGoal(goal)} | ${unmeasured} |`
    })
  return [
    '| row | what | ours | against | theirs | ratio | rounds | goal | |',
    '|---|---|---:|---|---:|---:|---|---|---|',
    ...lines,
  ].join('\n')
}

function toLine(row: BenchRow): string {
  const { name, value, unit, peer, peerValue, ratio, goal, spread, runs } = row
  const figures = [value, peerValue].map((figure) => (figure === null ? '' : `${toFigure(figure)} ${unit}`))
  const rounds = runs.length > 1 ? `${toFigure(spread[0])}–${toFigure(spread[1])} in ${runs.length}` : ''
  const compared = peerValue === null ? '' : peer
  return `| \`${name}\` | ${goals[name].title} | ${figures[0]} | ${compared} | ${figures[1]} | ${toFigure(ratio)} | ${rounds} | ${toGoal(goal)} | ${toVerdict(row)} |`
}

/** Makes the table of the storms, whose figures are all times. */
function toStormTable(rows: readonly BenchRow[]): string {
  const lines = names.filter(isStorm).map((name) => {
    const row = rows.find((each) => each.name === name)
    const { title, goal } = goals[name]
    if (!row?.storm) return `| \`${name}\` | ${title} | | | | | | | ${toGoal(goal)} ms | ${unmeasured} |`
    const { own, p50, p99, done, idle } = row.storm
    const times = [row.value, own, p99, p50, done, idle].map((ms) => `${toFigure(ms)} ms`)
    return `| \`${name}\` | ${title} | ${times.join(' | ')} | ${toGoal(goal)} ms | ${toVerdict(row)} |`
  })
  return [
    '| row | what | longest delay | by the server itself | p99 | p50 | done after | idle after | goal | |',
    '|---|---|---:|---:|---:|---:|---:|---:|---|---|',
    ...lines,
  ].join('\n')
}

const toVerdict = (row: BenchRow) => (meetsGoal(row.goal, row.ratio) ? 'met' : `**missed by ${toMiss(row)}**`)

const toNotes = (rows: readonly BenchRow[]) =>
  rows.flatMap(({ name, note }) => (note === undefined ? [] : `- \`${name}\`: ${note}.`)).join('\n')

/** Returns how far the value misses the goal, as a share of the goal. */
function toMiss({ goal, ratio }: BenchRow): string {
  const bound = Number(goal.split(' ')[1])
  return `${Math.ceil((Math.abs(ratio - bound) / bound) * 100)} %`
}

const toFigure = (value: number) => Number(value.toPrecision(3)).toLocaleString('en')
