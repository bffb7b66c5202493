import type { AuthClient, AuthView, ClerkState } from 'authchart/client'

/** The state of Clerk. Its tokens come from the test. */
export type ToldClerk = Omit<ClerkState, 'getToken'>

declare global {
  interface Window {
    /** Provided by the test. Resolves with the token when the path lets one arrive. */
    readonly askToken: (sessionId: string) => Promise<string>
    /** Provided by the test. It receives the code of the answer to a posted token, or null. */
    readonly noteAnswer: (code: string | null) => Promise<void>
    tellClerk: (clerk: ToldClerk) => void
    conformanceClient: AuthClient
    /** The last view that React has rendered. */
    shownView: AuthView
  }
}
