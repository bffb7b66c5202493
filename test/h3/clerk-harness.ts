import type { H3 } from 'h3'
import { onTestFinished } from 'vitest'
import type { AuthServer, AuthServerOptions } from '../../adapters/h3/index.ts'
import {
  createClerkEmulator,
  type ClerkEmulator,
  type ClerkEmulatorOptions,
  type EmulatedWebhookEvent,
  type SignWebhookOptions,
} from '../kit/index.ts'
import { startServer } from './harness.ts'
import type { OpenHost } from './hosts.ts'

/** Starts a Clerk emulator for one test. */
export async function startClerk(options: ClerkEmulatorOptions = {}): Promise<ClerkEmulator> {
  const clerk = await createClerkEmulator({
    users: [
      { id: 'user_ada', email: 'ada@example.test', firstName: 'Ada', lastName: 'Lovelace' },
      { id: 'user_bob', email: 'bob@example.test', firstName: 'Bob' },
    ],
    ...options,
  })
  onTestFinished(() => clerk.close())
  return clerk
}

/** Starts a real server with the real @clerk/backend and an emulated Clerk. */
export async function startWithClerk(
  options: AuthServerOptions = {},
  extend: (app: H3, auth: AuthServer) => void = () => {},
  openHost?: OpenHost,
) {
  const clerk = await startClerk()
  const { secretKey, publishableKey, apiUrl, webhookSecret } = clerk
  const server = await startServer(
    {
      keys: undefined,
      clerk: { secretKey, publishableKey, apiUrl, webhookSecret },
      claims: { authorizedParties: ['http://localhost:3000'] },
      ...options,
    },
    extend,
    openHost,
  )
  const mint = (session = clerk.createSession('user_ada')) => clerk.mintToken({ session })

  return {
    clerk,
    server,
    mint,
    /** Creates a signed-in browser with an open stream. The result includes its Clerk session. */
    async signIn(user = 'user_ada', tab?: string) {
      const session = clerk.createSession(user)
      const browser = server.browser(tab)
      const { body } = await browser.token(mint(session))
      if (!body.isSignedIn) throw new Error(`not signed in: ${JSON.stringify(body)}`)
      const stream = await browser.open()
      await stream.view()
      return { session, browser, stream }
    },
    /** Sends a webhook as Clerk's servers do. */
    webhook: (event: EmulatedWebhookEvent, options?: SignWebhookOptions) =>
      server.send('/auth/webhook', { method: 'POST', ...clerk.signWebhook(event, options) }),
  }
}

export const requestsTo = (clerk: ClerkEmulator, path: RegExp): number =>
  clerk.requests.filter((request) => path.test(request.path)).length
