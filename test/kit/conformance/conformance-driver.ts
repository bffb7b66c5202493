import type { InspectionEvent } from 'xstate'
import type { AuthEmitted, AuthInput, AuthSnapshot, AuthView } from '../../../machines/index.ts'
import type { ConformanceStep } from './conformance-step.ts'
import type { SettledToken } from './plan-path.ts'

/** Drives one kind of system along the paths. Write one of your own for whatever speaks the protocol. */
export interface ConformanceDriver {
  /** Named in the report. */
  readonly name: string
  /**
   * How long a view may take to show what it should, in ms of real time; default 0: what is shown at once counts. A
   * system behind sockets needs some.
   */
  readonly patience?: number
  /** Puts a fresh session before the first step: nothing known of it, none of its time passed. */
  start(plan: ConformancePlan): ConformanceRun | Promise<ConformanceRun>
  /** Called once, after the last path. */
  close?(): void | Promise<void>
}

/** What a driver is told of a path before it begins. */
export interface ConformancePlan {
  /** The settings of the machine that the path is for. */
  readonly input: AuthInput
  /** All its steps. */
  readonly steps: readonly ConformanceStep[]
  /**
   * Takes the inspection events of the system's own auth machine. A driver that has them passes them on: states and
   * transitions are then counted where they happen, not where the model says that they do.
   */
  readonly inspect: (event: InspectionEvent) => void
}

/** One path under way. */
export interface ConformanceRun {
  /** What the system's clock showed when the path began, epoch ms. Default: the model's own epoch. */
  readonly epoch?: number
  /** Why a step cannot be made from outside, as the system stands now; null where it can. The path ends there. */
  cannot?(step: ConformanceStep): string | null
  /** Makes a step. Resolves once the system has taken it in. */
  perform(step: ConformanceStep): void | Promise<void>
  /** What the system shows. */
  view(): AuthView | Promise<AuthView>
  /** The machine's own snapshot, where the driver holds the machine: all of it is then compared. */
  snapshot?(): AuthSnapshot
  /** What the machine has emitted since the last call, where the driver hears it: all of it is then compared. */
  emitted?(): readonly AuthEmitted[]
  /** The tokens answered since the last call, where the driver is answered. */
  settled?(): readonly SettledToken[]
  /** Called after the last step, whatever came of it. */
  stop(): void | Promise<void>
}
