import type { BenchRow } from './bench-row.ts'
import type { RowName } from './goals.ts'
import type { TokenMint } from './tokens.ts'

export interface BenchContext {
  readonly mint: TokenMint
  /** The rows that are wanted. A peer that no wanted row needs does not run. */
  readonly wanted: ReadonlySet<RowName>
  /** Keeps figures for the charts. */
  readonly chart: (name: string, series: readonly ChartSeries[]) => void
}

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

/** Measures some rows in one go. */
export interface Bench {
  readonly rows: readonly RowName[]
  run(context: BenchContext): Promise<BenchRow[]>
}
