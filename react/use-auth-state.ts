'use client'

import { shallowEqual } from '@xstate/react'
import { toHeldView, type AuthView } from '../adapters/browser/index.ts'
import { useSnapshot } from './use-snapshot.ts'

const toWhole = (view: AuthView) => view

/**
 * Returns the server's view, or a selected part of it. The component renders again only if the selected value changes
 * by `compare`; by default objects with equal fields are equal.
 *
 * @throws Error without an `AuthProvider` above
 * @example const userId = useAuthState((view) => view.userId)
 * @example const { userId, orgId } = useAuthState(({ userId, orgId }) => ({ userId, orgId }))
 */
export function useAuthState(): AuthView
export function useAuthState<T>(selector: (view: AuthView) => T, compare?: (a: T, b: T) => boolean): T
export function useAuthState<T>(
  selector: (view: AuthView) => T | AuthView = toWhole,
  compare: (a: T | AuthView, b: T | AuthView) => boolean = shallowEqual,
) {
  return useSnapshot(({ context }) => selector(toHeldView(context)), compare)
}
