'use client'

import { useEffect, useRef } from 'react'
import type { AuthChange } from '../adapters/browser/index.ts'
import { useAuthClient } from './client-context.ts'

/**
 * Calls the listener once with the current view, and then whenever somebody signs in, signs out, or another user or Clerk
 * session takes over. The listener of the last render is the one that is called.
 */
export function useOnAuthChange(listener: (change: AuthChange) => void): void {
  const client = useAuthClient()
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => client.onAuthChange((change) => latest.current(change)), [client])
}
