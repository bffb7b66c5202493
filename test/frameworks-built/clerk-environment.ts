import type { ClerkEmulator } from '../kit/index.ts'

/** What each framework puts before the names of variables that a page may read; none before those of a server. */
const prefixes = ['', 'NEXT_PUBLIC_', 'VITE_', 'NUXT_PUBLIC_', 'PUBLIC_']

/** The variables by which Clerk's packages and `createAuthServer` find the emulator, as a person would set them. */
export function toEmulatorEnvironment({ providerProps, secretKey, apiUrl }: ClerkEmulator): Record<string, string> {
  return withPrefixes(
    { CLERK_SECRET_KEY: secretKey, CLERK_API_URL: apiUrl },
    {
      CLERK_PUBLISHABLE_KEY: providerProps.publishableKey,
      CLERK_PROXY_URL: providerProps.proxyUrl,
      CLERK_JS_URL: providerProps.__internal_clerkJSUrl,
      CLERK_UI_URL: providerProps.__internal_clerkUIUrl,
      CLERK_TELEMETRY_DISABLED: '1',
    },
  )
}

/** The variables for an instance of a person's own, if the environment has its two keys. */
export function toOwnEnvironment(env = process.env): Record<string, string> | undefined {
  const { CLERK_SECRET_KEY, CLERK_PUBLISHABLE_KEY } = env
  return CLERK_SECRET_KEY && CLERK_PUBLISHABLE_KEY
    ? withPrefixes({ CLERK_SECRET_KEY }, { CLERK_PUBLISHABLE_KEY })
    : undefined
}

function withPrefixes(secret: Record<string, string>, shared: Record<string, string>): Record<string, string> {
  const variables = { ...secret }
  // Nuxt has its own names for what only its server reads.
  for (const [name, value] of Object.entries(secret)) variables[`NUXT_${name}`] = value
  for (const prefix of prefixes) for (const [name, value] of Object.entries(shared)) variables[prefix + name] = value
  return variables
}
