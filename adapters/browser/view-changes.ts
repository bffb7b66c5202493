import { isSameIdentity } from '../../machines/auth-view.ts'
import type { AuthView } from '../../machines/auth-view.ts'
import { contain } from '../../machines/contain.ts'
import type { AuthChange } from '../../machines/on-auth-change.ts'
import { toHeldView } from '../../machines/auth-status.ts'
import type { SyncActor } from './create-auth-client.ts'

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

/** Calls the listener at once, and then on each change of identity: not on a renewal, not on another organization. */
export function onIdentityChange(actor: SyncActor, listener: (change: AuthChange) => void): () => void {
  let previous = toView(actor)
  const stop = onViewChange(actor, (view) => {
    const change = { view, previous }
    previous = view
    if (!isSameIdentity(change.view, change.previous)) listener(change)
  })
  contain(() => listener({ view: previous, previous: null }))
  return stop
}
