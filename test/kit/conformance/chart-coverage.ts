import type { AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate'
import { getStateNodes } from 'xstate/graph'

/** How much of a chart was covered. Names are those of {@link toTransitionName} and the ids of states. */
export interface Coverage {
  readonly covered: number
  readonly total: number
  /** What was not, by name. */
  readonly missed: readonly string[]
}

/** Names a transition by where it starts, its event, its place among those of that event, and where it leads. */
export function toTransitionName(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition
  const siblings = eventType ? source.transitions.get(eventType) : source.always
  const place = (siblings ?? []).findIndex((each) => each === transition)
  const leadsTo = target?.map(({ id }) => id).join() ?? '(stays)'
  return `${source.id} --${eventType || 'always'}[${place}]--> ${leadsTo}`
}

export function transitionsOf(machine: AnyStateMachine): AnyTransitionDefinition[] {
  return [machine.root, ...getStateNodes(machine.root)].flatMap((node) => [
    ...[...node.transitions.values()].flat(),
    ...(node.always ?? []),
  ])
}

/** Counts the states and transitions of a chart that are seen. */
export function createChartCoverage(machine: AnyStateMachine) {
  const states = getStateNodes(machine.root).map(({ id }) => id)
  const transitions = transitionsOf(machine).map(toTransitionName)
  const seen = { states: new Set<string>(), transitions: new Set<string>() }
  const toCoverage = (all: readonly string[], found: ReadonlySet<string>): Coverage => {
    const missed = all.filter((name) => !found.has(name))
    return { covered: all.length - missed.length, total: all.length, missed }
  }

  return {
    /** What one step did, by the model. */
    note(snapshot: AnyMachineSnapshot, taken: readonly AnyTransitionDefinition[]) {
      for (const { id } of snapshot._nodes) seen.states.add(id)
      for (const transition of taken) seen.transitions.add(toTransitionName(transition))
    },
    /** What an actor tells its inspectors; events of other machines are passed over. */
    inspect(event: InspectionEvent) {
      if (event.type !== '@xstate.microstep' && event.type !== '@xstate.snapshot') return
      const snapshot = event.snapshot as AnyMachineSnapshot
      if (snapshot.machine?.id !== machine.id) return
      this.note(snapshot, event.type === '@xstate.microstep' ? event._transitions : [])
    },
    get isEmpty() {
      return seen.states.size === 0
    },
    states: () => toCoverage(states, seen.states),
    transitions: () => toCoverage(transitions, seen.transitions),
  }
}
