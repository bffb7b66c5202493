'use client'

import { shallowEqual } from '@xstate/react'
import { toLastFailure, type AuthFailure } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/** The last thing that went wrong, also where it has healed since; null where nothing ever did. */
export function useAuthLastError(): AuthFailure | null {
  return useSnapshot(({ context }) => toLastFailure(context), shallowEqual)
}
