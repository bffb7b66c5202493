import { isMachineSnapshot, type InspectionEvent, type StateValue } from 'xstate'
import { toTakenArrows } from '../src/chart/taken-arrows.ts'
import type { Step } from '../src/demo-api.ts'

/**
 * Takes the events of the server's inspector and keeps the names of states, events and transitions, but none of their
 * data.
 */
export interface MachineSteps {
  /** The `inspect` option of `createAuthServer`. */
  readonly inspect: (event: InspectionEvent) => void
  /** Returns the state of a running machine as a step without an event, which tells the page what to light first. */
  readonly current: (actorId: string) => Step | null
  /**
   * Calls the listener with every step of a machine.
   *
   * @returns a function that unsubscribes the listener
   */
  readonly subscribe: (listener: (actorId: string, step: Step) => void) => () => void
}

export function createMachineSteps(): MachineSteps {
  const values = new Map<string, StateValue>()
  const listeners = new Set<(actorId: string, step: Step) => void>()

  return {
    inspect(inspected) {
      if (inspected.type !== '@xstate.microstep' && inspected.type !== '@xstate.snapshot') return
      const { actorRef, event, snapshot } = inspected
      if (!isMachineSnapshot(snapshot) || !('id' in actorRef)) return
      const id = String(actorRef.id)
      if (event.type === 'xstate.stop') {
        values.delete(id)
        return
      }
      values.set(id, snapshot.value)
      if (inspected.type === '@xstate.snapshot' || event.type === 'xstate.init') return
      const step = { event: event.type, value: snapshot.value, arrows: toTakenArrows(inspected) }
      for (const listener of listeners) listener(id, step)
    },
    current(actorId) {
      const value = values.get(actorId)
      return value === undefined ? null : { event: '', value, arrows: [] }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
