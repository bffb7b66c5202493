'use client'

import type { AuthClient, AuthView } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'
import { noteLostProvider } from './lost-provider.ts'
import { useAuthState } from './use-auth-state.ts'
import { useHydrates } from './use-hydrates.ts'

/** The wait of one client, which all its suspended components share, and its outcome. */
interface Wait {
  readonly promise: Promise<unknown>
  isOver: boolean
}

/** A provider that React keeps starts its client within this time, ms. */
const startsWithin = 250

const waits = new WeakMap<AuthClient, Wait>()
const isStarted = ({ actor }: AuthClient) => actor.getSnapshot().context.tab !== ''

function createWait(client: AuthClient): Wait {
  const end = () => {
    wait.isOver = true
  }
  const checked = client.whenChecked().then(end, end)
  const wait: Wait = { promise: isStarted(client) ? checked : Promise.race([checked, whenLost(client)]), isOver: false }
  waits.set(client, wait)
  return wait
}

/** Resolves if the client is not started in time. React has then dropped its provider and renders it again. */
function whenLost(client: AuthClient): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      if (isStarted(client)) return
      waits.delete(client)
      noteLostProvider()
      resolve()
    }, startsWithin)
  })
}

/**
 * Returns the view once the server has a verdict. Until then the component suspends, but for at most 5 s, after which
 * the view has no verdict yet (`authChecked: false`). On a server, where no client runs, and in a component that
 * hydrates, it returns the view of that moment and then each newer one.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useWhenChecked(): AuthView {
  const client = useAuthClient()
  const view = useAuthState()
  const hydrates = useHydrates()
  if (view.authChecked || hydrates) return view
  const wait = waits.get(client) ?? createWait(client)
  // React 18 and 19 both suspend a component that throws a promise.
  // oxlint-disable-next-line typescript/only-throw-error
  if (!wait.isOver) throw wait.promise
  return view
}
