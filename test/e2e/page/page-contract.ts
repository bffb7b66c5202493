import type { AuthClient, AuthClientOptions, AuthConnection, AuthStatus, AuthView } from 'authchart/client'
import type { ClerkEmulator, ProviderProps } from 'authchart/testing'
import type { HydrationSettings } from './hydrated-app.tsx'

/** The settings that the server gives the page. */
export interface PageSettings {
  /** Props of Clerk's provider: those of @clerk/react, and the one that @clerk/clerk-react needs in addition. */
  readonly clerkProps: ProviderProps & Pick<ClerkEmulator, 'clerkJSUrl'>
  /** Keeps what the inspector of the sync machine receives in `window.inspected`. */
  readonly inspect: boolean
  /** Navigates within the page, as an app with a router does. Without a router Clerk reloads the page. */
  readonly hasRouter: boolean
  /**
   * The host of the endpoints, on the port of the page, which makes them another site. Default: the page's own
   * origin.
   */
  readonly apiHost?: string
  /** Further options of the client. */
  readonly client?: Pick<AuthClientOptions, 'clerkTimeout' | 'clockTolerance' | 'shareStream'>
}

/** One change in the page, in order of time. `at` is the page's clock, epoch ms. */
export type PageEntry = { readonly at: number } & (
  | { readonly kind: 'shown' | 'hidden'; readonly status: AuthStatus }
  | { readonly kind: 'view'; readonly status: AuthStatus; readonly view: AuthView }
  | { readonly kind: 'clerk'; readonly clerk: ClerkSays }
  | { readonly kind: 'connection'; readonly connection: AuthConnection }
)

/** The settings that the server gives the cookie page. */
export interface CookiePageSettings {
  /** The view that the server knew when it rendered the page. */
  readonly initialView: AuthView
  readonly userId: string
  readonly sessionId: string
  /** The URL of the server's endpoints, where they are on another site. */
  readonly url?: string
}

/** The settings that the server gives the long-lived page. */
export interface LongPageSettings {
  readonly userId: string
  readonly sessionId: string
  /** Uses the React binding instead of the client alone. */
  readonly isReact: boolean
}

/** The settings that the server gives the hydrated page. */
export interface HydrationPageSettings extends HydrationSettings {
  /** The boundary holds data of one user instead of a slow chunk. */
  readonly isOwned: boolean
}

export type ClerkSays = 'loading' | 'signedIn' | 'signedOut'

declare global {
  interface Window {
    readonly pageSettings: PageSettings
    /** Records an entry. The test provides it, because a variable does not survive a navigation. */
    readonly recordEntry: (entry: PageEntry) => Promise<void>
    authClient: AuthClient
    /** The codes that `onError` received since the page was loaded. */
    errors: string[]
    inspected: string[]
    readonly cookiePageSettings: CookiePageSettings
    /** Every view of the cookie page's client. The first one is the view that the page was rendered with. */
    shownViews: AuthView[]
    readonly longSettings: LongPageSettings
    /** The number of answered posts of the long-lived page. */
    renewals: number
    /** Returns the number of pending timers. */
    timers: () => number
    readonly hydrationSettings: HydrationPageSettings
    /** Lets the chunk of the slow boundary arrive, or the data of the user that the page waits for. */
    release: () => void
    deliver: () => void
    /** The errors that React recovered from while it hydrated. */
    recovered: string[]
    /** The nodes that the server rendered, by name, and every text that the page has shown since. */
    serverNodes: Record<string, Element | null>
    shownTexts: string[]
  }
}
