import type { AuthInput } from '../../../machines/index.ts'
import { createAuthModel, type AuthModel } from '../auth-model.ts'
import { authPath, authPaths, toEventName, type AuthPath } from '../auth-paths.ts'
import { toTransitionName } from './chart-coverage.ts'

export type Settings = Omit<AuthInput, 'now' | 'random' | 'tombstone'>

/** The paths of one model. */
export interface ModelPaths {
  /** The settings of the machine in the system under test. */
  readonly input: Settings
  /** The model with these settings. */
  readonly model: AuthModel
  readonly paths: readonly AuthPath[]
}

/** No single setting leads through all transitions. */
export const allSettings: readonly Settings[] = [{}, { refusedToken: 'signOut' }]

/**
 * Details that matter only later, so that the search would treat two paths as one: for example which of two outages is
 * remembered.
 */
const outages = [
  'token.received',
  'token.received',
  'xstate.error.actor.0.auth.verifying (keys-unavailable)',
  'xstate.error.actor.0.auth.verifying (keys-unavailable)',
  'xstate.after.retryDelay.auth.error',
  'xstate.error.actor.0.auth.verifying (keys-unavailable, checked again)',
  'xstate.error.actor.0.auth.verifying (token-expired, checked again)',
  'keys.refreshed',
]

/**
 * The paths for a machine with these settings: first all paths, then those on which every event comes from outside a
 * server.
 */
export function toModelPaths(input: Settings = {}): ModelPaths[] {
  return (['all', 'outside'] as const).map((events) => {
    const model = createAuthModel(input, { events })
    return { input, model, paths: [...authPaths({ model }), authPath(outages, model)] }
  })
}

/** Leaves out the paths on which the machine does the same as on an earlier one. */
export function withoutRepeats(all: readonly ModelPaths[]): ModelPaths[] {
  const known = new Set<string>()
  return all.map(({ input, model, paths }) => {
    const toKey = ({ steps }: AuthPath) =>
      JSON.stringify(
        steps.map(({ event, state }) => [
          toEventName(event),
          state.value,
          model.traceOf(state).transitions.map(toTransitionName),
        ]),
      )
    const fresh = paths.filter((path) => !known.has(toKey(path)))
    for (const path of fresh) known.add(toKey(path))
    return { input, model, paths: fresh }
  })
}

/**
 * Picks only as many paths as are needed to lead through every transition that all of them lead through. Use it for
 * slow systems.
 */
export function pickCovering(all: readonly ModelPaths[]): ModelPaths[] {
  const covered = new Set<string>()
  return all.map(({ input, model, paths }) => {
    const isNews = ({ steps }: AuthPath) => {
      const taken = steps.flatMap(({ state }) => model.traceOf(state).transitions.map(toTransitionName))
      const isNew = taken.some((name) => !covered.has(name))
      for (const name of taken) covered.add(name)
      return isNew
    }
    return { input, model, paths: paths.toSorted((a, b) => b.weight - a.weight).filter(isNews) }
  })
}
