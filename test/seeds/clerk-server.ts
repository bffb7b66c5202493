import { onTestFinished } from 'vitest'
import type { AuthServerOptions } from '../../adapters/h3/index.ts'
import { startServer } from '../h3/harness.ts'
import { createClerkEmulator } from '../kit/index.ts'

/** The app's origin, which tokens carry in `azp`. */
export const party = 'http://localhost:3000'

/**
 * Starts a server with an emulated Clerk of its own that has one user. It is reached through the real
 * `@clerk/backend`.
 */
export async function startOnClerk(options: AuthServerOptions = {}, extend?: Parameters<typeof startServer>[1]) {
  const clerk = await createClerkEmulator()
  onTestFinished(() => clerk.close())
  const ada = clerk.addUser({
    id: 'user_ada',
    email: 'ada@example.test',
    firstName: 'Ada',
    lastName: 'Lovelace',
    username: 'ada',
    imageUrl: 'https://img.example.test/ada.png',
  })
  const { secretKey, publishableKey, apiUrl } = clerk
  const server = await startServer(
    {
      keys: undefined,
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: [party] },
      ...options,
    },
    extend,
  )
  const session = clerk.createSession(ada)
  return {
    clerk,
    ada,
    server,
    mint: () => clerk.mintToken({ session }),
    /** Returns the number of requests to Clerk for a path under `/v1`. */
    asked: (path: string) => clerk.requests.filter((request) => request.path.includes(`/v1/${path}`)).length,
  }
}
