'use client'

import { useSelector } from '@xstate/react'
import { useEffect, useState } from 'react'
import type { SyncSnapshot } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'
import { createFollower } from './follower.ts'
import { useHydrates } from './use-hydrates.ts'

/**
 * Selects a value from the snapshot of the client's actor, and renders again when that value changes. A component that
 * hydrates first shows the value that the server rendered, and then follows the client by transitions.
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
