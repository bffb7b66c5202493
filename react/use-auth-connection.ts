'use client'

import { useSelector } from '@xstate/react'
import { toAuthConnection, type AuthConnection } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

/** How the page hears of the server: `connecting`, `live`, `polling`, `restoring` or `lost`. */
export function useAuthConnection(): AuthConnection {
  const { actor } = useAuthClient()
  return useSelector(actor, toAuthConnection)
}
