import { isDeepStrictEqual } from 'node:util'
import { authMachine, toAuthView, type AuthView } from '../../../machines/index.ts'
import { virtualEpoch } from '../auth-fixtures.ts'
import { createLawWatch } from './auth-laws.ts'
import { createChartCoverage } from './chart-coverage.ts'
import { findDifference, toComparableView } from './compare-views.ts'
import type { ConformanceDriver, ConformanceRun } from './conformance-driver.ts'
import type { ConformanceReport, Mismatch } from './conformance-report.ts'
import { allSettings, toModelPaths, withoutRepeats, type ModelPaths, type Settings } from './model-paths.ts'
import { planPath, toSettled, type PlannedStep, type SettledToken } from './plan-path.ts'
import { eventually } from './real-time.ts'

/** Options of {@link runConformance}. */
export interface ConformanceOptions {
  /**
   * Settings of the machine, run one after the other. Default: the machine's own, and then `refusedToken: 'signOut'`,
   * because no single setting leads through all of its transitions. A path on which a setting changes nothing is driven
   * once.
   */
  readonly inputs?: readonly Settings[]
  /** The paths. Default: the result of {@link toModelPaths} for each of `inputs`. */
  readonly paths?: readonly ModelPaths[]
  /** Stop at the first mismatch. Default: false. */
  readonly isBrief?: boolean
  /** Compare the system only with the laws, not with the model. Default: false. */
  readonly lawsOnly?: boolean
}

type Found = Omit<Mismatch, 'path'>

/**
 * Drives a system along paths of the auth machine's own model. After every step it compares the view with the model,
 * and with the laws, which do not depend on the machine. It needs no test framework.
 *
 * @example requireConformance(await runConformance(createActorDriver()))
 */
export async function runConformance(
  driver: ConformanceDriver,
  { inputs = allSettings, isBrief = false, lawsOnly = false, ...options }: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const all = options.paths ?? withoutRepeats(inputs.flatMap((input) => toModelPaths(input)))
  const total = all.flatMap(({ paths }) => paths)
  const coverage = { system: createChartCoverage(authMachine), model: createChartCoverage(authMachine) }
  const undriven = new Map<string, { paths: number; steps: Set<string> }>()
  const mismatches: Mismatch[] = []
  const count = { paths: 0, steps: 0 }

  for (const { input, model, paths } of all) {
    for (const path of paths) {
      if (!isBrief || mismatches.length === 0) await drive(planPath(path, model), input)
    }
  }
  await driver.close?.()
  const counted = coverage.system.isEmpty ? coverage.model : coverage.system
  return {
    driver: driver.name,
    paths: { total: total.length, driven: count.paths },
    steps: { total: total.reduce((sum, { weight }) => sum + weight, 0), driven: count.steps },
    states: counted.states(),
    transitions: counted.transitions(),
    counted: coverage.system.isEmpty ? 'by the model' : 'in the system',
    undriven: [...undriven].map(([reason, { paths, steps }]) => ({ reason, paths, steps: [...steps] })),
    mismatches,
  }

  /** Drives one path to its end, to the first step that cannot be made, or to the first mismatch. */
  async function drive(steps: readonly PlannedStep[], input: Settings) {
    const done: string[] = []
    const fail = (found: Found) => void mismatches.push({ ...found, path: done.join(' → ') || 'the beginning' })
    const plan = {
      input,
      steps: steps.map(({ step }) => step),
      inspect: (event: Parameters<typeof coverage.system.inspect>[0]) => coverage.system.inspect(event),
    }
    let run: ConformanceRun | undefined
    try {
      run = await driver.start(plan)
      const epoch = run.epoch ?? virtualEpoch
      if (steps[0]) coverage.model.note(steps[0].before, [])
      const breaksLaw = createLawWatch(await run.view(), input.clockTolerance ?? 60)
      for (const planned of steps) {
        const reason = run.cannot?.(planned.step)
        if (reason) return note(reason, planned.step.description)
        done.push(planned.step.description)
        await run.perform(planned.step)
        const found = await compare(run, planned, epoch, breaksLaw)
        if (found) return fail(found)
        count.steps += 1
        coverage.model.note(planned.after, planned.trace.transitions)
      }
      count.paths += 1
    } catch (error) {
      fail({ of: 'driver', expected: 'no error', actual: error instanceof Error ? (error.stack ?? '') : error })
    } finally {
      await run?.stop()
    }
  }

  function note(reason: string, step: string) {
    const known = undriven.get(reason) ?? { paths: 0, steps: new Set() }
    known.paths += 1
    known.steps.add(step)
    undriven.set(reason, known)
  }

  async function compare(
    run: ConformanceRun,
    { step, after, trace }: PlannedStep,
    epoch: number,
    breaksLaw: ReturnType<typeof createLawWatch>,
  ): Promise<Found | null> {
    const expected = toComparableView(toAuthView(after), virtualEpoch)
    const matches = (view: AuthView) => lawsOnly || isDeepStrictEqual(toComparableView(view, epoch), expected)
    const view = await viewWhere(run, matches, driver.patience ?? 0)
    const difference = findDifference(expected, toComparableView(view, epoch))
    if (difference && !lawsOnly) return { of: 'view', ...difference }
    const [law] = breaksLaw(step, view)
    if (law) return { of: 'law', expected: law, actual: toComparableView(view, epoch) }
    return lawsOnly ? null : compareInside(run, { after, trace })
  }

  async function compareInside(
    run: ConformanceRun,
    { after, trace }: Pick<PlannedStep, 'after' | 'trace'>,
  ): Promise<Found | null> {
    const live = run.snapshot?.()
    const snapshot = live && findDifference(toComparableSnapshot(after), toComparableSnapshot(live))
    if (snapshot) return { of: 'snapshot', ...snapshot }
    const emitted = run.emitted?.()
    if (emitted && !isDeepStrictEqual(emitted, trace.emitted)) {
      return { of: 'emitted', expected: trace.emitted, actual: emitted }
    }
    if (!run.settled) return null
    const expected = toSettled(trace.emitted)
    const settled: SettledToken[] = []
    const isSettled = () => {
      settled.push(...(run.settled?.() ?? []))
      return settled.length >= expected.length
    }
    await eventually(isSettled, driver.patience ?? 0)
    return isDeepStrictEqual(byId(settled), byId(expected)) ? null : { of: 'settled', expected, actual: settled }
  }
}

/** The context and the configuration, without the settings, which contain functions. */
function toComparableSnapshot({ value, context }: Pick<PlannedStep['after'], 'value' | 'context'>): object {
  const { settings: _, ...shown } = context
  return { value, ...shown }
}

const byId = (settled: readonly SettledToken[]) => settled.toSorted((a, b) => a.id.localeCompare(b.id))

/** The first view that matches, or the last view after this many ms of real time if none did. */
async function viewWhere(run: ConformanceRun, matches: (view: AuthView) => boolean, patience: number) {
  let view = await run.view()
  await eventually(async () => matches(view) || matches((view = await run.view())), patience)
  return view
}
