import type { Coverage } from './chart-coverage.ts'

/** A step after which a system differs from the machine. */
export interface Mismatch {
  /** The path up to that step, in plain words. */
  readonly path: string
  /** `law`: one of the rules that do not depend on the machine. */
  readonly of: 'view' | 'snapshot' | 'emitted' | 'settled' | 'law' | 'driver'
  readonly expected: unknown
  readonly actual: unknown
}

/** Steps that a driver could not make for one reason. */
export interface Undriven {
  readonly reason: string
  readonly paths: number
  /** The steps, in plain words. */
  readonly steps: readonly string[]
}

/** The result of {@link runConformance}. */
export interface ConformanceReport {
  readonly driver: string
  /** `driven` counts the paths that were driven to the end. */
  readonly paths: { readonly total: number; readonly driven: number }
  readonly steps: { readonly total: number; readonly driven: number }
  readonly states: Coverage
  readonly transitions: Coverage
  /**
   * True if states and transitions were counted in the system itself, and false if the model counted them from the
   * steps.
   */
  readonly counted: 'in the system' | 'by the model'
  readonly undriven: readonly Undriven[]
  readonly mismatches: readonly Mismatch[]
}

/** The coverage that {@link requireConformance} asks for. */
export interface RequiredConformance {
  /** The share of the states that must be covered. Default: 1. */
  readonly states?: number
  /** The share of the transitions that must be covered. Default: 1. */
  readonly transitions?: number
}

/**
 * Requires that a system behaves as the machine does, and that enough of the machine was covered.
 *
 * @throws Error with the whole report, if the system differs from the machine or if too little of it was covered
 */
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

/** The report as text for people. */
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
