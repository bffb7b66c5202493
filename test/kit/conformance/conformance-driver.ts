import type { InspectionEvent } from 'xstate'
import type { AuthEmitted, AuthInput, AuthSnapshot, AuthView } from '../../../machines/index.ts'
import type { ConformanceStep } from './conformance-step.ts'
import type { SettledToken } from './plan-path.ts'

/** Drives one kind of system along the paths. Write a driver of your own for any system that speaks the protocol. */
export interface ConformanceDriver {
  /** The name in the report. */
  readonly name: string
  /**
   * The time that a view may take until it is right, in ms of real time. Default: 0, which means that the view counts
   * at once. A system behind sockets needs some time.
   */
  readonly patience?: number
  /**
   * Creates a new session for the first step. Nothing is known of it, and none of its time has passed.
   * @throws Error if the system cannot be started
   */
  start(plan: ConformancePlan): ConformanceRun | Promise<ConformanceRun>
  /** Called once, after the last path. */
  close?(): void | Promise<void>
}

/** The description of a path that a driver gets before it begins. */
export interface ConformancePlan {
  /** The settings of the machine for this path. */
  readonly input: AuthInput
  /** All steps of the path. */
  readonly steps: readonly ConformanceStep[]
  /**
   * Takes the inspection events of the system's own auth machine. A driver that has them passes them on: states and
   * transitions are then counted in the system, and not by the model.
   */
  readonly inspect: (event: InspectionEvent) => void
}

/** One path in progress. */
export interface ConformanceRun {
  /** The system's clock when the path began, epoch ms. Default: the model's own epoch. */
  readonly epoch?: number
  /** The reason why a step cannot be made from outside at this moment; null if it can. The path ends there. */
  cannot?(step: ConformanceStep): string | null
  /** Makes a step. Resolves when the system has processed it. */
  perform(step: ConformanceStep): void | Promise<void>
  /** Returns the current view of the system. @throws AuthError if the system has none */
  view(): AuthView | Promise<AuthView>
  /** The machine's own snapshot, if the driver holds the machine. The whole snapshot is then compared. */
  snapshot?(): AuthSnapshot
  /**
   * The events that the machine has emitted since the last call, if the driver gets them. All of them are then
   * compared.
   */
  emitted?(): readonly AuthEmitted[]
  /** The tokens that were answered since the last call, if the driver gets answers. */
  settled?(): readonly SettledToken[]
  /** Called after the last step, even if the path failed. */
  stop(): void | Promise<void>
}
