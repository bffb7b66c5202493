import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from './bench-row.ts'
import type { ChartSeries } from './bench.ts'
import { goals } from './goals.ts'
import { pinning } from './start-process.ts'

export interface BenchResults {
  /** The version of Node. */
  readonly node: string
  readonly machine: string
  /** The versions of the packages that take part. */
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly BenchRow[]
  readonly charts: Readonly<Record<string, readonly ChartSeries[]>>
}

const path = fileURLToPath(new URL('results.json', import.meta.url))

/** The earlier results, if any. */
export function readResults(): BenchResults {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BenchResults
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return { node: '', machine: '', versions: {}, rows: [], charts: {} }
  }
}

/**
 * Replaces the rows and charts that have the same name.
 *
 * @returns all results
 */
export function writeResults(rows: readonly BenchRow[], charts: BenchResults['charts']): BenchResults {
  const results = readResults()
  const byName = new Map([...results.rows, ...rows].map((row) => [row.name, row]))
  const merged: BenchResults = {
    node: process.version,
    machine: toMachine(),
    versions: toVersions(),
    rows: Object.keys(goals).flatMap((name) => byName.get(name as BenchRow['name']) ?? []),
    charts: { ...results.charts, ...charts },
  }
  writeFileSync(path, `${JSON.stringify(merged, null, 2)}\n`)
  return merged
}

function toVersions(): Record<string, string> {
  const root = new URL('../../node_modules/', import.meta.url)
  const toVersion = (name: string) =>
    (JSON.parse(readFileSync(new URL(`${name}/package.json`, root), 'utf8')) as { version: string }).version
  return Object.fromEntries(
    ['xstate', 'h3', 'jose', '@clerk/backend', 'better-sse', 'esbuild'].map((name) => [name, toVersion(name)]),
  )
}

function toMachine(): string {
  const cores = cpus()
  return `${cores.length} × ${cores[0]?.model.trim()} with ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}, ${pinning}`
}
