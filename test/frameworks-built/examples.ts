import type { ClerkEmulator } from '../kit/index.ts'

/** One app in `docs/examples`, and how to start what its `npm run build` has built. */
export interface Example {
  /** The folder in `docs/examples`. */
  readonly name: string
  /** The package whose version is reported. */
  readonly framework: string
  /** A program of the app's packages, with its arguments. It reads `PORT`. */
  readonly start: readonly string[]
  /** Where the page finds Clerk, as the framework's package of Clerk reads it. */
  readonly toEnv: (clerk: ClerkEmulator) => Readonly<Record<string, string>>
}

export const examples: readonly Example[] = [
  {
    name: 'next',
    framework: 'next',
    start: ['next', 'start'],
    toEnv: ({ providerProps }) => ({
      NEXT_TELEMETRY_DISABLED: '1',
      NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: providerProps.publishableKey,
      NEXT_PUBLIC_CLERK_PROXY_URL: providerProps.proxyUrl,
      NEXT_PUBLIC_CLERK_JS_URL: providerProps.__internal_clerkJSUrl,
      NEXT_PUBLIC_CLERK_UI_URL: providerProps.__internal_clerkUIUrl,
    }),
  },
]
