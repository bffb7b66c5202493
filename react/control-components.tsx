'use client'

import type { ReactNode } from 'react'
import type { AuthStatus, AuthView } from '../adapters/browser/index.ts'
import { toRuleRefusal, type AuthRule } from '../machines/is-allowed.ts'
import { useAuthState } from './use-auth-state.ts'
import { useAuthStatus } from './use-auth-status.ts'

export interface ControlProps {
  /** What to show, or a function from the view to it. */
  readonly children?: ReactNode | ((view: AuthView) => ReactNode)
  /** What to show otherwise; default nothing. */
  readonly fallback?: ReactNode
}

/** Reads the view in a component of its own, so that only what depends on it renders with it. */
function Shown({ render }: { readonly render: (view: AuthView) => ReactNode }) {
  return render(useAuthState())
}

function showAt(status: AuthStatus, current: AuthStatus, { children, fallback = null }: ControlProps): ReactNode {
  if (current !== status) return fallback
  return typeof children === 'function' ? <Shown render={children} /> : children
}

/** A rule, of which all must hold; and what to show where it does not. */
export interface AuthenticatedProps extends ControlProps, AuthRule {}

/**
 * Shows its children while the server holds a valid proof of who this is, and the rule allows it. It hides, and protects
 * nothing: the server has to apply the same rule.
 *
 * A prop that is undefined is no rule.
 *
 * @throws TypeError for a prop that is no rule
 * @example <Authenticated role="org:admin" fallback={<AskAnAdmin />}><Invoices /></Authenticated>
 */
export function Authenticated({ children, fallback, ...rule }: AuthenticatedProps) {
  const isPassed = useAuthState((view) => toRuleRefusal(view, rule) === null)
  const status = useAuthStatus()
  return isPassed ? showAt('authenticated', status, { children, fallback }) : fallback
}

/** Shows its children once server and Clerk agree that nobody is signed in. */
export function Unauthenticated(props: ControlProps) {
  return showAt('unauthenticated', useAuthStatus(), props)
}

/** Shows its children while Clerk loads, and while server and Clerk are being brought to agree. */
export function AuthLoading(props: ControlProps) {
  return showAt('loading', useAuthStatus(), props)
}

/**
 * Shows its children when server and Clerk could not be brought to agree, or the server refuses for good who is signed in
 * at Clerk. `useAuthError()` says why, `useAuthClient().retry()` tries again, and Clerk's `<SignOutButton>` is the way
 * out of a final refusal.
 */
export function AuthFailed(props: ControlProps) {
  return showAt('failed', useAuthStatus(), props)
}
