'use client'

import type { ReactNode } from 'react'
import type { AuthStatus, AuthView } from '../adapters/browser/index.ts'
import { toRuleRefusal, type AuthRule } from '../machines/is-allowed.ts'
import { useAuthState } from './use-auth-state.ts'
import { useAuthStatus } from './use-auth-status.ts'

/** Props of the components that show their children at one status of the page. */
export interface ControlProps {
  /** Content to show, or a function that returns it for a view. */
  readonly children?: ReactNode | ((view: AuthView) => ReactNode)
  /** Content to show otherwise; default nothing. */
  readonly fallback?: ReactNode
}

/** Reads the view in a separate component, so that a change renders only the content that depends on it. */
function Shown({ render }: { readonly render: (view: AuthView) => ReactNode }) {
  return render(useAuthState())
}

function showAt(status: AuthStatus, current: AuthStatus, { children, fallback = null }: ControlProps): ReactNode {
  if (current !== status) return fallback
  return typeof children === 'function' ? <Shown render={children} /> : children
}

/** A rule, all parts of which must hold, and the content to show if they do not. */
export interface AuthenticatedProps extends ControlProps, AuthRule {}

/**
 * Shows its children while the server has a valid proof of the user and the rule is met. It only hides content and
 * protects nothing, so the server has to apply the same rule.
 *
 * A prop that is undefined is no rule.
 *
 * @throws TypeError for a prop that is no rule
 * @throws Error without an `AuthProvider` above
 * @example <Authenticated role="org:admin" fallback={<AskAnAdmin />}><Invoices /></Authenticated>
 */
export function Authenticated({ children, fallback, ...rule }: AuthenticatedProps) {
  const isPassed = useAuthState((view) => toRuleRefusal(view, rule) === null)
  const status = useAuthStatus()
  return isPassed ? showAt('authenticated', status, { children, fallback }) : fallback
}

/**
 * Shows its children once server and Clerk agree that no user is signed in.
 *
 * @throws Error without an `AuthProvider` above
 */
export function Unauthenticated(props: ControlProps) {
  return showAt('unauthenticated', useAuthStatus(), props)
}

/**
 * Shows its children while Clerk loads, and while server and Clerk are being brought to agree.
 *
 * @throws Error without an `AuthProvider` above
 */
export function AuthLoading(props: ControlProps) {
  return showAt('loading', useAuthStatus(), props)
}

/**
 * Shows its children if server and Clerk could not be brought to agree, or if the server finally refuses the user that
 * Clerk has signed in. `useAuthError()` returns the reason, and `useAuthClient().retry()` tries again. Clerk's
 * `<SignOutButton>` helps after a final refusal.
 *
 * @throws Error without an `AuthProvider` above
 */
export function AuthFailed(props: ControlProps) {
  return showAt('failed', useAuthStatus(), props)
}
