import { createClerkEmulator, type ClerkEmulator } from 'authchart/testing'
import type { DemoConfig } from '../src/demo-api.ts'

/** Where Clerk is: the real Clerk if its keys are set, and the emulator otherwise. */
export interface ClerkSource {
  readonly config: Pick<DemoConfig, 'mode' | 'clerk' | 'user'>
  /** The `clerk` option of `createAuthServer`. */
  readonly server: {
    readonly secretKey: string
    readonly publishableKey: string
    readonly apiUrl?: string
    readonly webhookSecret?: string
  }
  readonly emulator: ClerkEmulator | null
}

/** The path of the emulator. It is on the demo's own origin, so a browser needs no CORS for it. */
export const emulatorPath = '/clerk'

const ada = { name: 'Ada Lovelace', email: 'ada@example.test', password: 'difference-engine' }

/**
 * Opens the real Clerk or the emulator.
 *
 * @throws Error if only one of Clerk's two keys is set, which is more likely a mistake than a wish for the emulator
 */
export async function openClerkSource(origin: string, env = process.env): Promise<ClerkSource> {
  const secretKey = env['CLERK_SECRET_KEY']
  const publishableKey =
    env['CLERK_PUBLISHABLE_KEY'] ?? env['VITE_CLERK_PUBLISHABLE_KEY'] ?? env['NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY']
  if (secretKey && publishableKey) {
    return {
      config: { mode: 'clerk', clerk: { publishableKey }, user: null },
      server: { secretKey, publishableKey },
      emulator: null,
    }
  }
  if (secretKey || publishableKey) {
    throw new Error(`${secretKey ? 'CLERK_PUBLISHABLE_KEY' : 'CLERK_SECRET_KEY'} is missing: set both keys, or neither`)
  }

  const emulator = await createClerkEmulator({ listen: false, url: `${origin}${emulatorPath}`, appOrigin: origin })
  addAda(emulator)
  return {
    config: {
      mode: 'emulator',
      clerk: {
        publishableKey: emulator.publishableKey,
        // This is a path, so it works under every name of this machine.
        proxyUrl: new URL(emulator.frontendApiUrl).pathname,
      },
      user: ada,
    },
    server: {
      secretKey: emulator.secretKey,
      publishableKey: emulator.publishableKey,
      apiUrl: emulator.apiUrl,
      webhookSecret: emulator.webhookSecret,
    },
    emulator,
  }
}

function addAda(emulator: ClerkEmulator): void {
  const user = emulator.addUser({
    email: ada.email,
    password: ada.password,
    firstName: 'Ada',
    lastName: 'Lovelace',
    username: 'ada',
  })
  const engines = emulator.addOrganization({ name: 'Analytical Engines' })
  const society = emulator.addOrganization({ name: 'Royal Society' })
  emulator.setMembership(user, engines, { role: 'org:admin', permissions: ['org:engines:run'] })
  emulator.setMembership(user, society, { role: 'org:member' })
}
