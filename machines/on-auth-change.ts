import type { ActorRefFrom, Subscription } from 'xstate'
import { isSameIdentity, isSameOrganization, toAuthView } from './auth-view.ts'
import type { AuthView } from './auth-view.ts'
import type { AuthMachine } from './auth.machine.ts'
import { contain } from './contain.ts'

/** A change of identity. `previous` is null at the first call, which tells the current state. */
export interface AuthChange {
  readonly view: AuthView
  readonly previous: AuthView | null
}

export interface AuthChangeOptions {
  /** Ends it, as the returned function does. */
  readonly signal?: AbortSignal
  /** Also on another organization, or another role in it, of the same identity. Default false. */
  readonly organization?: boolean
}

/**
 * Calls the listener at once with the current view, and then on each change of identity: somebody signed in or out, or
 * another user or Clerk session took over. Not on a renewal, and on another organization only if asked to. A listener that
 * throws harms no other. Returns the function that ends it, as does the signal.
 */
export function onAuthChange(
  actor: ActorRefFrom<AuthMachine>,
  listener: (change: AuthChange) => void,
  options?: AuthChangeOptions,
): () => void {
  return onIdentityChange(actor, () => toAuthView(actor.getSnapshot()), listener, options)
}

/** The same of any actor whose snapshots have a view. */
export function onIdentityChange(
  actor: { subscribe(look: () => void): Subscription },
  toView: () => AuthView,
  listener: (change: AuthChange) => void,
  { signal, organization = false }: AuthChangeOptions = {},
): () => void {
  if (signal?.aborted) return () => {}
  let previous = toView()
  const subscription = actor.subscribe(() => {
    const change = { view: toView(), previous }
    const { view } = change
    const isSame = isSameIdentity(view, previous) && (!organization || isSameOrganization(view, previous))
    previous = view
    if (!isSame) contain(() => listener(change))
  })
  const stop = () => {
    subscription.unsubscribe()
    signal?.removeEventListener('abort', stop)
  }
  signal?.addEventListener('abort', stop, { once: true })
  contain(() => listener({ view: previous, previous: null }))
  return stop
}
