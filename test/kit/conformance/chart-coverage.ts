import type { AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate'
import { getStateNodes } from 'xstate/graph'

/** The share of a chart that was covered. Names come from `toTransitionName` and from the ids of states. */
export interface Coverage {
  readonly covered: number
  readonly total: number
  /** The names of the parts that were not covered. */
  readonly missed: readonly string[]
}

/** Names a transition by its source, its event, its place among the transitions of that event, and its target. */
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

/** Counts the states and transitions of a chart that were seen. */
export function createChartCoverage(machine: AnyStateMachine) {
  const states = getStateNodes(machine.root).map(({ id }) => id)
  const transitions = transitionsOf(machine).map(toTransitionName)
  const seen = { states: new Set<string>(), transitions: new Set<string>() }
  const toCoverage = (all: readonly string[], found: ReadonlySet<string>): Coverage => {
    const missed = all.filter((name) => !found.has(name))
    return { covered: all.length - missed.length, total: all.length, missed }
  }

  return {
    /** Adds one step as the model sees it. */
    note(snapshot: AnyMachineSnapshot, taken: readonly AnyTransitionDefinition[]) {
      for (const { id } of snapshot._nodes) seen.states.add(id)
      for (const transition of taken) seen.transitions.add(toTransitionName(transition))
    },
    /** Adds an inspection event of an actor. Events of other machines are ignored. */
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
