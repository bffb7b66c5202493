'use client'

import type { AuthClient, AuthView } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'
import { useAuthState } from './use-auth-state.ts'

/** The wait of each client, which all its suspended components share, and its outcome. */
interface Wait {
  readonly promise: Promise<unknown>
  isOver: boolean
}

const waits = new WeakMap<AuthClient, Wait>()

function createWait(client: AuthClient): Wait {
  const end = () => {
    wait.isOver = true
  }
  const wait: Wait = { promise: client.whenChecked().then(end, end), isOver: false }
  waits.set(client, wait)
  return wait
}

/**
 * The view, once the server has a verdict: until then the component suspends, for 5 s at most, after which the view has
 * no verdict yet (`authChecked: false`). Its `Suspense` boundary belongs inside `AuthProvider`: React throws away the client
 * of a provider that has never been shown. On a server, where no client runs, it is the view of that moment.
 */
export function useWhenChecked(): AuthView {
  const client = useAuthClient()
  const view = useAuthState()
  if (view.authChecked || typeof window === 'undefined') return view
  const wait = waits.get(client) ?? createWait(client)
  // React takes a thrown promise for a component that suspends, in 18 and 19 alike.
  // oxlint-disable-next-line typescript/only-throw-error
  if (!wait.isOver) throw wait.promise
  return view
}
