'use client'

import { isRenewing } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/**
 * True while a fresh token is requested or posted and the page shows a signed-in user.
 *
 * @throws Error without an `AuthProvider` above
 */
export function useAuthRenewing(): boolean {
  return useSnapshot(isRenewing)
}
