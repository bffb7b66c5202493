import { goals, type RowName } from './goals.ts'
import { median } from './statistics.ts'

export interface BenchRow {
  readonly name: RowName
  /** Our value, the median of the rounds. */
  readonly value: number
  readonly unit: string
  readonly peer: string
  /** The peer's value, the median of the rounds. Null if there is no peer. */
  readonly peerValue: number | null
  /** The median of the ratios of the rounds. In a row without a peer it is the median of the values. */
  readonly ratio: number
  readonly goal: string
  /** The ratio of each round. */
  readonly runs: readonly number[]
  readonly median: number
  /** The lowest and the highest ratio. */
  readonly spread: readonly [number, number]
  /** Background that a reader of the row needs. */
  readonly note?: string
  /** The medians of a storm, whose value is the longest delay of the event loop. */
  readonly storm?: StormFigures
}

/** All in ms. */
export interface StormFigures {
  /** The delays of the event loop. */
  readonly p50: number
  readonly p99: number
  /** The longest delay that the server itself has caused. */
  readonly own: number
  /** The time until the last client had its answer. */
  readonly done: number
  /** The time until the server had nothing left to do. */
  readonly idle: number
}

const toRow = (name: RowName, ours: readonly number[], ratios: readonly number[], peers: readonly number[] | null) => {
  const runs = ratios.map(round)
  const { unit, peer, goal } = goals[name]
  return {
    name,
    value: round(median(ours)),
    unit,
    peer,
    peerValue: peers && round(median(peers)),
    ratio: median(runs),
    goal,
    runs,
    median: median(runs),
    spread: [Math.min(...runs), Math.max(...runs)] as const,
  }
}

/** Returns a row with our value divided by the peer's, for each round. */
export const toRatioRow = (name: RowName, ours: readonly number[], peers: readonly number[]): BenchRow =>
  toRow(
    name,
    ours,
    ours.map((value, index) => value / (peers[index] ?? NaN)),
    peers,
  )

/**
 * Returns a row with the peer's value divided by ours. If the values are times, this is how many times faster we are.
 */
export const toSpeedRow = (name: RowName, ours: readonly number[], peers: readonly number[]): BenchRow =>
  toRow(
    name,
    ours,
    ours.map((value, index) => (peers[index] ?? NaN) / value),
    peers,
  )

/** Returns a row without a peer. */
export const toValueRow = (name: RowName, values: readonly number[]): BenchRow => toRow(name, values, values, null)

const round = (value: number) => Number(value.toPrecision(4))
