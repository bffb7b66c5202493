import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths, type StatePath } from 'xstate/graph'
import type { AuthInput, AuthSnapshot } from '../../machines/index.ts'
import { createAuthModel, type AuthModel, type AuthModelEvent } from './auth-model.ts'

/** Options of {@link authPaths}. */
export interface AuthPathsOptions {
  /**
   * `shortest` (default): the shortest path to every distinct state, and one path for every distinct move that those do
   * not make, leaving out paths with which a longer one begins. `simple`: every path through the chart that visits no
   * configuration twice, by every event that leads from one configuration to the next. The chart has 8 configurations,
   * which limits these paths.
   */
  readonly kind?: 'shortest' | 'simple'
  /** The greatest number of steps of a simple path. Default: no limit. */
  readonly maxLength?: number
  /**
   * Settings of the machine that the paths are for. Default: the machine's own. `now` and `random` come from the model.
   */
  readonly input?: Omit<AuthInput, 'now' | 'random' | 'tombstone'>
  /**
   * `all` (default), or `outside` for only the events that can reach the machine in a server: see {@link
   * createAuthModel}.
   */
  readonly events?: 'all' | 'outside'
  /** The model to walk. Default: a new one from `input` and `events`. */
  readonly model?: AuthModel
}

/** A path through the auth machine in the form of `xstate/graph`. */
export type AuthPath = StatePath<AuthSnapshot, AuthModelEvent>

/** An event's name within a path: its type and, in brackets, the text that distinguishes it from others of its type. */
export const toEventName = ({ type, label }: AuthModelEvent): string => (label ? `${type} (${label})` : type)

const toNames = ({ steps }: AuthPath) => steps.slice(1).map(({ event }) => toEventName(event))

/**
 * Paths through the auth machine, from its own model. Timers and verdicts are events like the others.
 *
 * @throws Error if a path cannot be followed in the model, which is a fault of the model
 * @example for (const path of authPaths()) console.log(path.steps.map(({ event }) => event.type))
 */
export function authPaths({ kind = 'shortest', ...options }: AuthPathsOptions = {}): AuthPath[] {
  const { model = createAuthModel(options.input, options) } = options
  return kind === 'simple' ? simplePaths(model, options.maxLength ?? Infinity) : withoutPrefixes(coveringPaths(model))
}

/**
 * The path of the events with these names. It is computed step by step, and not looked up in the graph search. The
 * search joins states that behave alike at different times, but here every token is issued at the time that its own
 * path has reached.
 *
 * @throws Error that names the event that is not possible at its place
 * @example authPath(['token.received', 'xstate.done.actor.0.auth.verifying (proof)', 'session.cleared'])
 */
export function authPath(names: readonly string[], model: AuthModel = createAuthModel()): AuthPath {
  let state = model.start()
  const steps: AuthPath['steps'] = [{ state, event: { type: 'xstate.init' } }]
  for (const name of names) {
    const event = model.eventsOf(state).find((candidate) => toEventName(candidate) === name)
    if (!event) {
      const known = model.eventsOf(state).map(toEventName).join(', ')
      throw new Error(`authPath: ${name} is no event of ${JSON.stringify(state.value)}, which has ${known}`)
    }
    state = model.step(state, event)
    steps.push({ state, event })
  }
  return { state, steps, weight: names.length }
}

/** The shortest path to every distinct state, and one for every distinct move that those do not make. */
function coveringPaths(model: AuthModel): AuthPath[] {
  const options = {
    input: {},
    events: model.eventsOf,
    serializeState: model.serializeState,
    serializeEvent: toEventName,
  }
  const moved = new Set<string>()
  const toMove = (from: AuthSnapshot, event: AuthModelEvent, to: AuthSnapshot) =>
    JSON.stringify([from.value, toEventName(event), to.value])

  const paths = getShortestPaths(model.logic, options).map((path) => authPath(toNames(path), model))
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
    paths.push(authPath([...toNames(start), toEventName(event)], model))
  }
  return paths
}

/** If a longer path begins with a path, the shorter one adds nothing and is left out. */
function withoutPrefixes(paths: readonly AuthPath[]): AuthPath[] {
  const prefixes = new Set(
    paths.flatMap((path) => toNames(path).map((_, end) => toNames(path).slice(0, end).join('\n'))),
  )
  return paths.filter((path) => !prefixes.has(toNames(path).join('\n')))
}

function simplePaths(model: AuthModel, maxLength: number): AuthPath[] {
  const paths: AuthPath[] = []
  const walk = (steps: AuthPath['steps'], seen: ReadonlySet<string>) => {
    const { state } = steps.at(-1)!
    const events = steps.length > maxLength ? [] : model.eventsOf(state)
    const legs = events
      .map((event) => ({ event, state: model.step(state, event) }))
      .filter((leg) => !seen.has(toConfiguration(leg.state)))
    if (legs.length === 0) paths.push({ state, steps, weight: steps.length - 1 })
    for (const leg of legs) walk([...steps, leg], new Set([...seen, toConfiguration(leg.state)]))
  }
  const state = model.start()
  walk([{ state, event: { type: 'xstate.init' } }], new Set([toConfiguration(state)]))
  return paths
}

const toConfiguration = ({ value }: AuthSnapshot) => JSON.stringify(value)
