import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths } from 'xstate/graph'
import type { StatePath } from 'xstate/graph'
import type { AuthInput, AuthSnapshot } from '../../machines/index.ts'
import { createAuthModel } from './auth-model.ts'
import type { AuthModel, AuthModelEvent } from './auth-model.ts'

export interface AuthPathsOptions {
  /** Settings of the machine the paths are for; default the machine's own. `now` and `random` are the model's. */
  readonly input?: Omit<AuthInput, 'now' | 'random' | 'tombstone'>
  /** The model to walk; default a new one over `input`. */
  readonly model?: AuthModel
}

/** A path through the auth machine, as `xstate/graph` gives it. */
export type AuthPath = StatePath<AuthSnapshot, AuthModelEvent>

const serializeEvent = ({ type, label }: AuthModelEvent) => (label ? `${type} (${label})` : type)

/**
 * The shortest path to every distinct state of the auth machine, and one for every distinct move (a state configuration,
 * an event, the configuration it leads to) that those do not make. Timers and verdicts are events like the others.
 */
export function authPaths({ input, model = createAuthModel(input) }: AuthPathsOptions = {}): AuthPath[] {
  const options = {
    input: {},
    events: model.eventsOf,
    serializeState: model.serializeState,
    serializeEvent,
  }
  const shortest = getShortestPaths(model.logic, options)
  const moved = new Set<string>()
  const toMove = (from: AuthSnapshot, event: AuthModelEvent, to: AuthSnapshot) =>
    JSON.stringify([from.value, serializeEvent(event), to.value])

  const paths = shortest.map((path) => retrace(path.steps.slice(1).map((step) => serializeEvent(step.event))))
  for (const { steps } of paths) {
    for (const [index, { event, state }] of steps.entries()) {
      const before = steps[index - 1]
      if (before) moved.add(toMove(before.state, event, state))
    }
  }
  const byState = new Map(paths.map((path) => [model.serializeState(path.state), path]))
  for (const { state, event, nextState } of adjacencyMapToArray(getAdjacencyMap(model.logic, options))) {
    const move = toMove(state, event, nextState)
    const start = byState.get(model.serializeState(state))
    if (moved.has(move) || !start) continue
    moved.add(move)
    paths.push(retrace([...start.steps.slice(1).map((step) => serializeEvent(step.event)), serializeEvent(event)]))
  }
  return paths

  /**
   * Walks a path anew by the names of its events. The graph search joins states that behave alike though they stand at
   * different moments; here every token is issued at the moment its own path has reached.
   */
  function retrace(names: readonly string[]): AuthPath {
    let state = model.start()
    const steps: AuthPath['steps'] = [{ state, event: { type: 'xstate.init' } }]
    for (const name of names) {
      const event = model.eventsOf(state).find((candidate) => serializeEvent(candidate) === name)
      if (!event) throw new Error(`authPaths: ${name} is no event of ${model.serializeState(state)}`)
      state = model.step(state, event)
      steps.push({ state, event })
    }
    return { state, steps, weight: names.length }
  }
}
