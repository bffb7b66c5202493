import type { GetToken } from './clerk-state.ts'
import type { AuthClient } from './create-auth-client.ts'

/** The part of Clerk's JavaScript object (`window.Clerk`), of any version, that {@link bindClerk} needs. */
export interface ClerkLike {
  /** True once Clerk has loaded. */
  readonly loaded: boolean
  /** Calls the listener on every change of Clerk's state. It returns a function that ends this. */
  addListener(listener: (resources: ClerkResourcesLike) => void): () => void
}

/** The part of Clerk's state that {@link bindClerk} reads. */
export interface ClerkResourcesLike {
  /** The active session; null if there is none, undefined while it changes. */
  readonly session?: {
    readonly id: string
    readonly status?: string
    getToken: GetToken
  } | null
  /** The signed-in user. */
  readonly user?: {
    readonly id: string
    readonly organizationMemberships?: readonly {
      readonly organization: { readonly id: string }
      readonly role: string
    }[]
  } | null
  /** The active organization. */
  readonly organization?: { readonly id: string } | null
}

/**
 * Passes Clerk's state to a client on every change, without React. Call it after `await clerk.load()`. Start the client
 * before Clerk loads, so that it can fail with `clerk-unavailable` if Clerk does not load. Returns a function that ends
 * it.
 *
 * @example
 * const client = createAuthClient()
 * client.start()
 * await clerk.load()
 * bindClerk(client, clerk)
 */
export function bindClerk(client: AuthClient, clerk: ClerkLike): () => void {
  return clerk.addListener(({ session, user, organization }) => {
    const membership = user?.organizationMemberships?.find((each) => each.organization.id === organization?.id)
    client.setIdentity({
      // Clerk's session is `undefined` while it changes, and null once Clerk knows that there is none.
      isLoaded: clerk.loaded && session !== undefined,
      isSignedIn: session?.status !== 'pending',
      userId: user?.id ?? null,
      sessionId: session?.id ?? null,
      orgId: organization?.id ?? null,
      orgRole: membership?.role ?? null,
      getToken: async (options) => (await session?.getToken(options)) ?? null,
    })
  })
}
