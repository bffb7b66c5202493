/**
 * The bench suite: `npm run bench` measures every row, and `npm run bench -- heap` the rows whose names begin so. It
 * writes results.json beside this file and docs/performance.md. `--profile` shows where each server spends its time,
 * and `--quick` shows that everything runs. Neither of them writes results.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchRow } from './bench-row.ts'
import type { ChartSeries } from './bench.ts'
import { benches } from './benches.ts'
import { goals, meetsGoal, type RowName } from './goals.ts'
import { writePage } from './page.ts'
import { printProfiles } from './profiles.ts'
import { readResults, writeResults } from './results.ts'
import { pinClient, pinning } from './start-process.ts'
import { profiling } from './start-server.ts'
import { createTokenMint } from './tokens.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'boolean' }, quick: { type: 'boolean' } },
})
const prefixes = positionals.length > 0 ? positionals : ['']
const wanted = new Set(
  (Object.keys(goals) as RowName[]).filter((name) => prefixes.some((prefix) => name.startsWith(prefix))),
)
if (wanted.size === 0) throw new Error(`no row starts so; there are ${Object.keys(goals).join(' ')}`)
if (values.profile) profiling.directory = mkdtempSync(join(tmpdir(), 'authchart-profile-'))

pinClient()
const started = performance.now()
for (const bench of benches) {
  if (!bench.rows.some((row) => wanted.has(row))) continue
  const charts: Record<string, readonly ChartSeries[]> = {}
  const rows = await bench.run({
    mint: createTokenMint(),
    wanted,
    chart: (name, series) => void (charts[name] = series),
  })
  for (const row of rows) print(row)
  // A run under the profiler and a quick run measure no valid values.
  if (!values.profile && !values.quick) writeResults(rows, charts)
}
if (profiling.directory) {
  printProfiles(profiling.directory)
  rmSync(profiling.directory, { recursive: true })
} else if (!values.quick) {
  writePage(readResults())
}
console.log(`${((performance.now() - started) / 60_000).toFixed(1)} minutes, ${pinning}`)

function print({ name, value, unit, peerValue, ratio, goal, spread, note, storm }: BenchRow) {
  const verdict = meetsGoal(goal, ratio) ? 'met   ' : 'MISSED'
  const peer = peerValue === null ? '' : ` to ${peerValue}`
  console.log(`${verdict} ${name}: ${ratio} (${goal}; rounds ${spread.join(' to ')}); ${value}${peer} ${unit}`)
  if (note) console.log(`       ${note}`)
  if (storm)
    console.log(
      `       ${Object.entries(storm)
        .map(([name, ms]) => `${name} ${ms} ms`)
        .join(', ')}`,
    )
}
