import type { HydrationSettings } from './hydrated-app.tsx'
import type { ClerkEmulator, ProviderProps } from 'authchart/testing'
import type { AuthClient, AuthClientOptions, AuthConnection, AuthStatus, AuthView } from 'authchart/client'

/** The settings that the server gives the page. */
export interface PageSettings {
  /** Props of Clerk's provider: those of @clerk/react, and the one that @clerk/clerk-react needs beside them. */
  readonly clerkProps: ProviderProps & Pick<ClerkEmulator, 'clerkJSUrl'>
  /** Keep what the inspector of the sync machine gets in `window.inspected`. */
  readonly inspect: boolean
  /** Navigate within the page, as an app with a router does. Without, Clerk loads the page anew. */
  readonly hasRouter: boolean
  /** The endpoints are at this host, on the port of the page: another site. Left out: on the page's own origin. */
  readonly apiHost?: string
  /** Further options of the client. */
  readonly client?: Pick<AuthClientOptions, 'clerkTimeout' | 'clockTolerance' | 'shareStream'>
}

/** One change in the page, in the order in which they happened. `at` is the page's clock, epoch ms. */
export type PageEntry = { readonly at: number } & (
  | { readonly kind: 'shown' | 'hidden'; readonly status: AuthStatus }
  | { readonly kind: 'view'; readonly status: AuthStatus; readonly view: AuthView }
  | { readonly kind: 'clerk'; readonly clerk: ClerkSays }
  | { readonly kind: 'connection'; readonly connection: AuthConnection }
)

/** What the server of the cookie page tells it. */
export interface CookiePageSettings {
  /** What the server knew when it rendered the page. */
  readonly initialView: AuthView
  readonly userId: string
  readonly sessionId: string
  /** The server's endpoints, where they are on another site. */
  readonly url?: string
}

/** What the server of the long-lived page tells it. */
export interface LongPageSettings {
  readonly userId: string
  readonly sessionId: string
  /** With the React binding, or with the client alone. */
  readonly isReact: boolean
}

/** What the server of the hydrated page tells it. */
export interface HydrationPageSettings extends HydrationSettings {
  /** The boundary holds what is of one user, and not a slow chunk. */
  readonly isOwned: boolean
}

export type ClerkSays = 'loading' | 'signedIn' | 'signedOut'

declare global {
  interface Window {
    readonly pageSettings: PageSettings
    /** Provided by the test: it outlives navigations, which a variable does not. */
    readonly recordEntry: (entry: PageEntry) => Promise<void>
    authClient: AuthClient
    /** The codes that `onError` was told of since the page was loaded. */
    errors: string[]
    inspected: string[]
    readonly cookiePageSettings: CookiePageSettings
    /** Every view of the cookie page's client, beginning with the one that it was rendered with. */
    shownViews: AuthView[]
    readonly longSettings: LongPageSettings
    /** The posts of the long-lived page that were answered. */
    renewals: number
    /** How many timers wait. */
    timers: () => number
    readonly hydrationSettings: HydrationPageSettings
    /** Lets the chunk of the slow boundary arrive, or the data of the user that is waited for. */
    release: () => void
    deliver: () => void
    /** The errors of which React recovered while it hydrated. */
    recovered: string[]
    /** The nodes of the server, by their names, and every text that the page has shown since. */
    serverNodes: Record<string, Element | null>
    shownTexts: string[]
  }
}
