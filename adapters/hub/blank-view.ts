import type { AuthView } from '../../machines/auth-view.ts'

/** What is known of a browser of which nothing is known. */
export function toBlankView(now: number): AuthView {
  return {
    channel: '',
    rev: 0,
    state: 'unchecked',
    authChecked: false,
    timedOut: false,
    isSignedIn: false,
    userId: null,
    sessionId: null,
    orgId: null,
    orgRole: null,
    claims: null,
    user: null,
    error: null,
    expiresAt: null,
    now,
  }
}
