import { toUncheckedView } from '../../machines/index.ts'
import type { AuthClientOptions, ClerkState } from '../../adapters/browser/index.ts'

export const signedOutAtClerk: ClerkState = { isLoaded: true, isSignedIn: false, getToken: async () => null }

/** A client that nothing answers: the view of before and Clerk decide. */
export const quiet = {
  fetch: () => new Promise<never>(() => {}),
  initialView: { ...toUncheckedView(Date.now()), state: 'signedOut', authChecked: true },
} satisfies AuthClientOptions
