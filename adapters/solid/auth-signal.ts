import { createSignal, onCleanup, type Accessor } from 'solid-js'
import type { AuthClient } from '../browser/index.ts'
import { toShownAuth, watchAuth, type ShownAuth } from '../browser/shown-auth.ts'

/**
 * Makes a signal of a client, until its owner is disposed of. The client stays yours to start and to stop.
 *
 * @example
 * const auth = createAuthSignal(client)
 * return <p>{auth().status}</p>
 */
export function createAuthSignal(client: AuthClient): Accessor<ShownAuth> {
  const [shown, show] = createSignal(toShownAuth(client))
  onCleanup(watchAuth(client, show))
  return shown
}
