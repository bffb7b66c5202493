import { goals } from './goals.ts'
import type { RowName } from './goals.ts'
import { median } from './statistics.ts'

export interface BenchRow {
  readonly name: RowName
  /** Ours, the median of the rounds. */
  readonly value: number
  readonly unit: string
  readonly peer: string
  /** The peer's, the median of the rounds; null where there is none. */
  readonly peerValue: number | null
  /** The median of the rounds' ratios; in a row without a peer, of the values. */
  readonly ratio: number
  readonly goal: string
  /** The ratio of each round. */
  readonly runs: readonly number[]
  readonly median: number
  /** The lowest and the highest of them. */
  readonly spread: readonly [number, number]
  /** Background that a reader of the row needs. */
  readonly note?: string
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

/** Ours over the peer's, round by round. */
export const toRatioRow = (name: RowName, ours: readonly number[], peers: readonly number[]): BenchRow =>
  toRow(
    name,
    ours,
    ours.map((value, index) => value / (peers[index] ?? NaN)),
    peers,
  )

/** The peer's over ours: how many times as fast, where the values are times. */
export const toSpeedRow = (name: RowName, ours: readonly number[], peers: readonly number[]): BenchRow =>
  toRow(
    name,
    ours,
    ours.map((value, index) => (peers[index] ?? NaN) / value),
    peers,
  )

/** A row without a peer. */
export const toValueRow = (name: RowName, values: readonly number[]): BenchRow => toRow(name, values, values, null)

const round = (value: number) => Number(value.toPrecision(4))
