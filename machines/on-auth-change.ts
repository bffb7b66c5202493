import type { ActorRefFrom } from 'xstate'
import { isSameIdentity, toAuthView } from './auth-view.ts'
import type { AuthView } from './auth-view.ts'
import type { AuthMachine } from './auth.machine.ts'
import { contain } from './contain.ts'

/** A change of identity. `previous` is null at the first call, which tells the current state. */
export interface AuthChange {
  readonly view: AuthView
  readonly previous: AuthView | null
}

/**
 * Calls the listener at once with the current view, and then on each change of identity: somebody signed in or out, or
 * another user or Clerk session took over. Not on a renewal, nor on another organization. A listener that throws harms
 * no other. Returns the function that ends it, as does the signal.
 */
export function onAuthChange(
  actor: ActorRefFrom<AuthMachine>,
  listener: (change: AuthChange) => void,
  { signal }: { readonly signal?: AbortSignal } = {},
): () => void {
  if (signal?.aborted) return () => {}
  let previous = toAuthView(actor.getSnapshot())
  const subscription = actor.subscribe((snapshot) => {
    const change = { view: toAuthView(snapshot), previous }
    previous = change.view
    if (!isSameIdentity(change.view, change.previous)) contain(() => listener(change))
  })
  const stop = () => {
    subscription.unsubscribe()
    signal?.removeEventListener('abort', stop)
  }
  signal?.addEventListener('abort', stop, { once: true })
  contain(() => listener({ view: previous, previous: null }))
  return stop
}
