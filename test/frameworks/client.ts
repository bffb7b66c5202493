import type { AuthClientOptions, ClerkState } from '../../adapters/browser/index.ts'
import { toUncheckedView } from '../../machines/index.ts'

export const signedOutAtClerk: ClerkState = { isLoaded: true, isSignedIn: false, getToken: async () => null }

/** Options of a client that gets no answer, so that only the initial view and Clerk decide. */
export const quiet = {
  fetch: () => new Promise<never>(() => {}),
  initialView: { ...toUncheckedView(Date.now()), state: 'signedOut', authChecked: true },
} satisfies AuthClientOptions
