import type { ActorRefFrom, SnapshotFrom } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import { contain } from '../../machines/contain.ts'
import { toHeldView } from '../../machines/sync/auth-status.ts'
import type { syncMachine } from '../../machines/sync/sync.machine.ts'

/** The running sync machine, to subscribe to, select from and inspect. */
export type SyncActor = ActorRefFrom<typeof syncMachine>

/** A snapshot of the running sync machine. */
export type SyncSnapshot = SnapshotFrom<typeof syncMachine>

export const toView = (actor: SyncActor): AuthView => toHeldView(actor.getSnapshot().context)

/** Calls the listener after each change of one of the values. A listener that throws harms no other: the error is reported. */
export function onValueChange(actor: SyncActor, toValues: () => readonly unknown[], listener: () => void): () => void {
  let known = toValues()
  const subscription = actor.subscribe(() => {
    const values = toValues()
    if (values.every((value, i) => value === known[i])) return
    known = values
    contain(listener)
  })
  return () => subscription.unsubscribe()
}
