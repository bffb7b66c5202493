import { lastLifetime, postFault, type FaultState } from './demo-api.ts'
import { postEvent } from './post-event.ts'

/**
 * Proves the session with a token that lives for a few seconds, and lets Clerk give no other until the session has
 * ended. The session goes stale when the token expires, and is signed out when the tolerance has passed. The server
 * then repairs the token endpoint by itself.
 *
 * @returns the positions of the switches
 */
export async function expireSession(
  getToken: (options: { skipCache: boolean }) => Promise<string | null>,
): Promise<FaultState | null> {
  try {
    await postFault({ set: 'tokenLifetime', to: lastLifetime })
    await postEvent({ type: 'token.received', token: await getToken({ skipCache: true }) })
  } finally {
    await postFault({ set: 'tokenLifetime', to: 60 })
  }
  return postFault({ do: 'withholdTokens' })
}
