'use client'

import { useEffect, useRef } from 'react'
import type { AuthChange } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

/**
 * Calls the listener once with the current view, and then whenever a user signs in or out, or another user or Clerk
 * session takes over. It always calls the listener of the last render.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useOnAuthChange(listener: (change: AuthChange) => void): void {
  const client = useAuthClient()
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => client.onAuthChange((change) => latest.current(change)), [client])
}
