'use client'

import { useSelector } from '@xstate/react'
import { startTransition, useEffect, useState, useSyncExternalStore } from 'react'
import type { SyncSnapshot } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

const never = () => () => {}

/**
 * Finds out whether a component hydrates: React asks for the value of the server where it renders on one, and where it
 * hydrates. A value that told by itself would differ afterwards, and so cause the urgent update that must not be.
 */
function createHydrationProbe() {
  let isHydrating = false
  return {
    read: () => null,
    readOnServer: () => {
      isHydrating = true
      return null
    },
    isHydrating: () => isHydrating,
  }
}

/**
 * Selects from the snapshot of the client's actor, and renders again when the selected value changes.
 *
 * A component that hydrates shows first what the server rendered. It follows the client by a transition: an urgent update
 * would throw away what still hydrates below it, and show the fallback of a `Suspense` boundary in its place (React docs,
 * `hydrateRoot`).
 */
export function useSnapshot<T>(select: (snapshot: SyncSnapshot) => T, compare?: (a: T, b: T) => boolean): T {
  const { actor, initial } = useAuthClient()
  const probe = createHydrationProbe()
  useSyncExternalStore(never, probe.read, probe.readOnServer)
  const [isLive, setIsLive] = useState(!probe.isHydrating())
  useEffect(() => {
    if (!isLive) startTransition(() => setIsLive(true))
  }, [isLive])
  return useSelector(isLive ? actor : initial, select, compare)
}
