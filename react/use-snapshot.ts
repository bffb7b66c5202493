'use client'

import { useSelector } from '@xstate/react'
import { useEffect, useState, useSyncExternalStore } from 'react'
import type { SyncSnapshot } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'
import { createFollower } from './follower.ts'

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
 * Selects from the snapshot of the client's actor, and renders again when the selected value changes. A component that
 * hydrates shows first what the server rendered, and follows the client by transitions from then on.
 */
export function useSnapshot<T>(select: (snapshot: SyncSnapshot) => T, compare: (a: T, b: T) => boolean = Object.is): T {
  const { actor, initial } = useAuthClient()
  const probe = createHydrationProbe()
  useSyncExternalStore(never, probe.read, probe.readOnServer)
  const [follower] = useState(() =>
    probe.isHydrating() ? createFollower(initial.getSnapshot(), { select, compare }) : null,
  )
  const [shown, show] = useState(follower && follower.first)
  const value = useSelector(shown ?? actor, select, compare)
  useEffect(() => follower?.noteShown(shown, value, { select, compare }))
  useEffect(() => follower?.follow(actor, show), [actor, follower])
  return value
}
