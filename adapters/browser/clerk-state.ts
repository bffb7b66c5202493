import type { ClerkIdentity } from '../../machines/sync/sync-events.ts'

/** Clerk's `getToken`. */
export type GetToken = (options?: { skipCache?: boolean }) => Promise<string | null>

/** What Clerk says in this tab, in the shape that `useAuth()` of every Clerk package for React returns. */
export interface ClerkState {
  readonly isLoaded: boolean
  readonly isSignedIn?: boolean | undefined
  readonly userId?: string | null | undefined
  readonly sessionId?: string | null | undefined
  readonly orgId?: string | null | undefined
  readonly orgRole?: string | null | undefined
  /** Of which `sts` counts. */
  readonly sessionClaims?: { readonly sts?: string } | null | undefined
  readonly getToken: GetToken
}

/**
 * Null where nobody is signed in. That is so too while a task of the Clerk session is due, whatever `isSignedIn` says
 * (`treatPendingAsSignedOut`): the server would refuse its tokens, and hear nothing of the end of the task.
 */
export function toClerkIdentity(clerk: ClerkState): ClerkIdentity | null {
  const { isSignedIn, userId, sessionId, orgId = null, orgRole = null, sessionClaims } = clerk
  return isSignedIn === false || sessionClaims?.sts === 'pending' || !userId || !sessionId
    ? null
    : { userId, sessionId, orgId, orgRole }
}
