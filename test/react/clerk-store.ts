import { useSyncExternalStore } from 'react'
import type { ClerkState } from '../../adapters/browser/index.ts'

/**
 * Creates a hook with the shape of Clerk's `useAuth`, and a function that sets its result. Like Clerk's, it returns a
 * new getToken at each render.
 */
export function createClerkStore(state: ClerkState) {
  const listeners = new Set<() => void>()
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const getState = () => state
  return {
    useAuth(): ClerkState {
      const { getToken, ...rest } = useSyncExternalStore(subscribe, getState, getState)
      return { ...rest, getToken: (options) => getToken(options) }
    },
    set(next: ClerkState) {
      state = next
      for (const listener of listeners) listener()
    },
  }
}
