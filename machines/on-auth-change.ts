import type { ActorRefFrom, Subscription } from 'xstate'
import { isSameIdentity, isSameOrganization, toAuthView, type AuthView } from './auth-view.ts'
import type { AuthMachine } from './auth.machine.ts'
import { contain } from './contain.ts'

/** A change of identity. `previous` is null in the first call, which reports the current state. */
export interface AuthChange {
  /** The view after the change. */
  readonly view: AuthView
  /** The view before the change; null in the first call. */
  readonly previous: AuthView | null
}

export interface AuthChangeOptions {
  /** Removes the listener when it aborts, like the returned function. */
  readonly signal?: AbortSignal
  /** Also calls the listener when the same identity switches to another organization or role. Default false. */
  readonly organization?: boolean
}

/**
 * Calls the listener at once with the current view, and then on each change of identity: a user signed in or out, or
 * another user or Clerk session took over. It does not call it on a renewal, and on another organization only if
 * `organization` is set. An error in one listener does not affect the others.
 *
 * @returns A function that removes the listener.
 */
export function onAuthChange(
  actor: ActorRefFrom<AuthMachine>,
  listener: (change: AuthChange) => void,
  options?: AuthChangeOptions,
): () => void {
  return onIdentityChange(actor, () => toAuthView(actor.getSnapshot()), listener, options)
}

/** Does the same as {@link onAuthChange} for any actor whose snapshots have a view. */
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
