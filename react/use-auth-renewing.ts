'use client'

import { isRenewing } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

/** True while a fresh token is being asked for or posted, and the page shows somebody signed in. */
export function useAuthRenewing(): boolean {
  return useSnapshot(isRenewing)
}
