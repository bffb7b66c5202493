'use client'

import { toAuthConnection, type AuthConnection } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * Returns the way in which the page hears from the server: `connecting`, `live`, `polling`, `lost` or `restored`.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthConnection(): AuthConnection {
  return useSnapshot(toAuthConnection)
}
