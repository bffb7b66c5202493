import { isMachineSnapshot } from 'xstate'
import type { InspectionEvent, StateValue } from 'xstate'
import { toTakenArrows } from '../src/chart/taken-arrows.ts'
import type { Step } from '../src/demo-api.ts'

/** What the server's inspector shows of its machines: names of states, events and transitions, and nothing they carry. */
export interface MachineSteps {
  /** The `inspect` option of `createAuthServer`. */
  readonly inspect: (event: InspectionEvent) => void
  /** The state of a running machine as a step without an event: what to light first. */
  readonly current: (actorId: string) => Step | null
  /** → unsubscribe */
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
