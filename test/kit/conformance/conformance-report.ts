import type { Coverage } from './chart-coverage.ts'

/** Where a system did something else than the machine. */
export interface Mismatch {
  /** The path up to there, in plain words. */
  readonly path: string
  /** `law`: one of the rules that hold whatever the machine looks like. */
  readonly of: 'view' | 'snapshot' | 'emitted' | 'settled' | 'law' | 'driver'
  readonly expected: unknown
  readonly actual: unknown
}

/** Steps that a driver could not make, for one reason. */
export interface Undriven {
  readonly reason: string
  readonly paths: number
  /** Which steps, in plain words. */
  readonly steps: readonly string[]
}

export interface ConformanceReport {
  readonly driver: string
  /** `driven`: to the end. */
  readonly paths: { readonly total: number; readonly driven: number }
  readonly steps: { readonly total: number; readonly driven: number }
  readonly states: Coverage
  readonly transitions: Coverage
  /** Whether states and transitions were counted in the system itself, or as the model says of the steps made. */
  readonly counted: 'in the system' | 'by the model'
  readonly undriven: readonly Undriven[]
  readonly mismatches: readonly Mismatch[]
}

export interface RequiredConformance {
  /** Share of the states that must be covered; default 1. */
  readonly states?: number
  /** Share of the transitions; default 1. */
  readonly transitions?: number
}

/** @throws Error with the whole report, where the system differs from the machine or too little of it was covered. */
export function requireConformance(
  report: ConformanceReport,
  { states = 1, transitions = 1 }: RequiredConformance = {},
): void {
  const isCovered = (coverage: Coverage, share: number) => coverage.covered >= share * coverage.total
  if (report.mismatches.length > 0) throw new Error(toReportText(report))
  if (report.paths.total === 0) throw new Error('runConformance was given no paths')
  if (isCovered(report.states, states) && isCovered(report.transitions, transitions)) return
  throw new Error(`too little of the machine was covered\n${toReportText(report)}`)
}

/** The report for people to read. */
export function toReportText(report: ConformanceReport): string {
  const { driver, paths, steps, states, transitions, counted, undriven, mismatches } = report
  const toShare = ({ covered, total }: Coverage) => `${covered} of ${total}`
  const missed = [...states.missed, ...transitions.missed].map((name) => `  not covered: ${name}`)
  const reasons = undriven.map(
    ({ reason, paths, steps }) => `  ${paths} paths end early: ${reason} (${steps.join('; ')})`,
  )
  const faults = mismatches
    .slice(0, 10)
    .map(({ path, of, expected, actual }) =>
      [
        `  ${path}`,
        `    ${of}: expected ${toText(expected)}`,
        `    ${' '.repeat(of.length)}  found    ${toText(actual)}`,
      ].join('\n'),
    )
  return [
    `${driver}: ${paths.driven} of ${paths.total} paths, ${steps.driven} of ${steps.total} steps`,
    `  states ${toShare(states)}, transitions ${toShare(transitions)}, counted ${counted}`,
    ...missed,
    ...reasons,
    ...(mismatches.length > 0 ? [`  ${mismatches.length} mismatches`, ...faults] : []),
  ].join('\n')
}

const toText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
