'use client'

import { useSelector } from '@xstate/react'
import { useEffect, useState } from 'react'
import type { SyncSnapshot } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'
import { createFollower } from './follower.ts'
import { useHydrates } from './use-hydrates.ts'

/**
 * Selects from the snapshot of the client's actor, and renders again when the selected value changes. A component that
 * hydrates shows first what the server rendered, and follows the client by transitions from then on.
 */
export function useSnapshot<T>(select: (snapshot: SyncSnapshot) => T, compare: (a: T, b: T) => boolean = Object.is): T {
  const { actor, initial } = useAuthClient()
  const hydrates = useHydrates()
  const [follower] = useState(() => (hydrates ? createFollower(initial.getSnapshot(), { select, compare }) : null))
  const [shown, show] = useState(follower && follower.first)
  const value = useSelector(shown ?? actor, select, compare)
  useEffect(() => follower?.noteShown(shown, value, { select, compare }))
  useEffect(() => follower?.follow(actor, show), [actor, follower])
  return value
}
