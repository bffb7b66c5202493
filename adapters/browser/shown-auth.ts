import type { AuthClient } from './create-auth-client.ts'

/** The values that a client shows at one moment. */
export type ShownAuth = Pick<
  AuthClient,
  'view' | 'status' | 'connection' | 'error' | 'lastError' | 'degraded' | 'isRenewing'
>

/** The values of this moment, which later changes of the client leave alone. */
export const toShownAuth = ({
  view,
  status,
  connection,
  error,
  lastError,
  degraded,
  isRenewing,
}: ShownAuth): ShownAuth => ({ view, status, connection, error, lastError, degraded, isRenewing })

/**
 * Calls `show` at once, and after each change.
 *
 * @returns the function that ends it
 */
export function watchAuth(client: AuthClient, show: (shown: ShownAuth) => void): () => void {
  show(toShownAuth(client))
  return client.subscribe(() => show(toShownAuth(client)))
}
