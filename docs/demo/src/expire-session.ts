import { postFault } from './demo-api.ts'
import type { FaultState } from './demo-api.ts'
import { postEvent } from './post-event.ts'

/** Seconds that the last token of an expiring session lives. */
const lastLifetime = 5

/**
 * Proves the session with a token that lives for a few seconds, and lets Clerk mint no other: the session goes stale at
 * its exp, and is signed out when the tolerance is over. → the faults that stay switched on
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
