import type { ActorRefFrom, SnapshotFrom } from 'xstate'
import type { AuthView } from '../../machines/auth-view.ts'
import { contain } from '../../machines/contain.ts'
import { toHeldView } from '../../machines/sync/auth-status.ts'
import type { syncMachine } from '../../machines/sync/sync.machine.ts'

/** The running sync machine: subscribe to it, select from it, inspect it. */
export type SyncActor = ActorRefFrom<typeof syncMachine>

export type SyncSnapshot = SnapshotFrom<typeof syncMachine>

export const toView = (actor: SyncActor): AuthView => toHeldView(actor.getSnapshot().context)

/** Calls the listener with each new view. A listener that throws harms no other: the error is reported. */
export function onViewChange(actor: SyncActor, listener: (view: AuthView) => void): () => void {
  let known = toView(actor)
  const subscription = actor.subscribe(() => {
    const view = toView(actor)
    if (view === known) return
    known = view
    contain(() => listener(view))
  })
  return () => subscription.unsubscribe()
}
