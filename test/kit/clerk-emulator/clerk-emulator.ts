import { setMaxListeners } from 'node:events'
import type { H3 } from 'h3'
import { createClientSessions } from './client-sessions.ts'
import { createDirectory } from './directory.ts'
import { createEmulatorClock } from './emulator-clock.ts'
import { createEmulatorControls, type EmulatorControls } from './emulator-controls.ts'
import { resolveOptions, type ClerkEmulatorOptions } from './emulator-options.ts'
import type { EmulatorParts } from './emulator-parts.ts'
import { createFaults } from './faults.ts'
import { listenOnLoopback } from './loopback-server.ts'
import { createPublishableKey } from './publishable-key.ts'
import type { LoggedRequest } from './request-log.ts'
import { scriptPaths } from './script-files.ts'
import { createTokenMinter } from './session-token.ts'
import { createSigningKeys } from './signing-keys.ts'

/** A running Clerk emulator: its address, its keys, and the controls over its state, faults and clock. */
export interface ClerkEmulator extends EmulatorControls {
  /** The address where it listens or is mounted, without a trailing slash. */
  readonly url: string
  /** Clerk's `proxyUrl`: the Frontend API. */
  readonly frontendApiUrl: string
  /** `apiUrl` of `@clerk/backend`: the Backend API. */
  readonly apiUrl: string
  /** Props of `<ClerkProvider>` of `@clerk/react` 6 and of the packages built on it, such as `@clerk/nextjs`. */
  readonly providerProps: ProviderProps
  /** `clerkJSUrl` of `<ClerkProvider>` of the deprecated `@clerk/clerk-react` 5: the installed `@clerk/clerk-js` 5. */
  readonly clerkJSUrl: string
  readonly publishableKey: string
  readonly secretKey: string
  /** `iss` of session tokens. */
  readonly issuer: string
  readonly webhookSecret: string
  /** The whole emulator as an h3 app: `yours.mount('/clerk', clerk.app)` with `listen: false` and that `url`. */
  readonly app: H3
  /** Ends stalled answers, every connection and the server. Can be called twice. */
  close(): Promise<void>
}

/** Where Clerk's packages find the emulator. Without the two URLs they ask for the scripts over https. */
export interface ProviderProps {
  /** The publishable key, which names the emulator's Frontend API. */
  readonly publishableKey: string
  /** The URL of the Frontend API. */
  readonly proxyUrl: string
  /** The URL of the installed `@clerk/clerk-js` 6. */
  readonly __internal_clerkJSUrl: string
  /** The URL of the installed `@clerk/ui` 1. */
  readonly __internal_clerkUIUrl: string
}

/**
 * Starts Clerk on this machine: a Frontend API for the real clerk-js and its components, a Backend API for the real
 * `@clerk/backend`, and controls for failures that you cannot ask the real Clerk for.
 *
 * @throws TypeError for an option that cannot be used; the server's error (`EADDRINUSE`) if the port is taken
 *
 * @example
 * const clerk = await createClerkEmulator({ users: [{ email: 'ada@example.test', password: 'correct horse' }] })
 * const backend = createClerkClient({ secretKey: clerk.secretKey, publishableKey: clerk.publishableKey, apiUrl: clerk.apiUrl })
 * const token = clerk.mintToken({ session: clerk.createSession('ada@example.test') })
 * await clerk.close()
 */
export async function createClerkEmulator(options: ClerkEmulatorOptions = {}): Promise<ClerkEmulator> {
  const resolved = resolveOptions(options)
  // h3 is loaded only here, because paths through the machine come from the same entry point and do not need it.
  const [{ toNodeHandler }, { createGateway }] = await Promise.all([import('h3'), import('./gateway.ts')])
  const { instance, issuer, secretKey, webhookSecret, appOrigin } = resolved
  const publishableKey = createPublishableKey(resolved.frontendApiHost)

  const clock = createEmulatorClock(resolved.now)
  const keys = await createSigningKeys()
  const directory = createDirectory(clock)
  const clientSessions = createClientSessions(clock, instance)
  const minter = createTokenMinter({ clock, keys, directory, issuer, appOrigin, ttl: resolved.tokenTtl })
  const parts: EmulatorParts = { clock, keys, directory, clientSessions, minter, secretKey, publishableKey, instance }

  const closing = new AbortController()
  // Every stalled answer listens to this signal.
  setMaxListeners(0, closing.signal)
  const faults = createFaults(closing.signal)
  const requests: LoggedRequest[] = []
  const app = createGateway(
    parts,
    faults,
    requests,
    resolved.url ? new URL(resolved.url).pathname.replace(/\/$/, '') : '',
  )
  const server = resolved.listen ? await listenOnLoopback(toNodeHandler(app), resolved.host, resolved.port) : undefined
  const url = resolved.url ?? `http://${resolved.host}:${server?.port}`
  const frontendApiUrl = `${url}/fapi`

  const controls = createEmulatorControls(parts, faults, requests, webhookSecret)
  for (const user of resolved.users) controls.addUser(user)

  let closed: Promise<void> | undefined
  // The controls are not spread, because that would freeze `jwtKey`, which is a getter.
  return Object.assign(controls, {
    url,
    frontendApiUrl,
    apiUrl: `${url}/bapi`,
    providerProps: {
      publishableKey,
      proxyUrl: frontendApiUrl,
      __internal_clerkJSUrl: frontendApiUrl + scriptPaths.clerkJS6,
      __internal_clerkUIUrl: frontendApiUrl + scriptPaths.clerkUI,
    },
    clerkJSUrl: frontendApiUrl + scriptPaths.clerkJS5,
    publishableKey,
    secretKey,
    issuer,
    webhookSecret,
    app,
    close() {
      closing.abort()
      closed ??= server?.close() ?? Promise.resolve()
      return closed
    },
  })
}
