import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'

/** Clerk's `getToken`. */
export type GetToken = (options?: { skipCache?: boolean }) => Promise<string | null>

/** Clerk's state in this tab, in the shape that `useAuth()` of every Clerk package for React returns. */
export interface ClerkState {
  /** True once Clerk has loaded. */
  readonly isLoaded: boolean
  /** False if Clerk has no signed-in user. */
  readonly isSignedIn?: boolean | undefined
  /** Clerk's id of the user. */
  readonly userId?: string | null | undefined
  /** Clerk's id of the session. */
  readonly sessionId?: string | null | undefined
  /** Clerk's id of the active organization. */
  readonly orgId?: string | null | undefined
  /** Role in the active organization, such as `org:admin`. */
  readonly orgRole?: string | null | undefined
  /** The claims of the session; only `sts` is used. */
  readonly sessionClaims?: { readonly sts?: string } | null | undefined
  /** Asks Clerk for a session token. */
  readonly getToken: GetToken
}

/**
 * Returns null if no user is signed in. A Clerk session with a pending task counts as such, whatever `isSignedIn` says
 * (`treatPendingAsSignedOut`), because the server would refuse its tokens and would not hear when the task is done.
 */
export function toClerkIdentity(clerk: ClerkState): ClerkIdentity | null {
  const { isSignedIn, userId, sessionId, orgId = null, orgRole = null, sessionClaims } = clerk
  return isSignedIn === false || sessionClaims?.sts === 'pending' || !userId || !sessionId
    ? null
    : { userId, sessionId, orgId, orgRole }
}
