import { postFault } from './demo-api.ts'
import type { FaultState } from './demo-api.ts'
import { postEvent } from './post-event.ts'

/** The lifetime in seconds of the last token of an expiring session. */
const lastLifetime = 5

/**
 * Proves the session with a token that lives for a few seconds, and stops Clerk from minting another one. The session
 * becomes stale at the exp of the token and is signed out when the tolerance has passed.
 *
 * @returns the faults that remain switched on
 */
export async function expireSession(
  getToken: (options: { skipCache: boolean }) => Promise<string | null>,
): Promise<FaultState | null> {
  await postFault({ set: 'tokenLifetime', to: lastLifetime })
  const token = await getToken({ skipCache: true })
  await postEvent({ type: 'token.received', token })
  await postFault({ set: 'tokenEndpoint', to: 'failing' })
  return postFault({ set: 'tokenLifetime', to: 60 })
}
