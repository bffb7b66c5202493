import { toBrowserRemedy } from './sync/sync-context.ts'
import type { SyncErrorCode } from './sync/sync-error.ts'

/** The remedies that depend on the code alone. A message of the server may name the option more precisely. */
const remedies: Partial<Record<SyncErrorCode, string>> = {
  'token-type': 'Give the client getToken of Clerk without a template.',
  'session-revoked': 'Sign out at Clerk, then sign in again.',
  'session-expired': 'Sign out at Clerk, then sign in again.',
  'session-pending': 'Finish the task that Clerk asks for.',
  'reverification-needed': 'Verify the user again with useReverification of Clerk.',
  'cookie-missing': 'Serve the page over https, on the same site as the server, and allow its cookies.',
  'origin-rejected': 'List the origin of the page in allowedOrigins of the server.',
  'host-rejected': 'List the host in allowedHosts of the server.',
  'not-found': 'Give server and client the same basePath.',
  'clerk-unavailable': 'Allow the script and the API of Clerk, then load the page again.',
  'answer-malformed': 'Wait for the server, sign in to the network, or forward basePath to the server.',
  'answer-cached': 'Exclude the endpoints from the service worker and from every cache.',
  'too-many-sessions': 'Sign out on another device.',
  'store-not-shared': 'Give all nodes of the server one store.',
}

/** Returns the remedy for an error in one sentence. The table of docs/errors.md is made from this. */
export function toRemedy({ code, retryable }: { readonly code: SyncErrorCode; readonly retryable: boolean }): string {
  const known = remedies[code]
  if (known) return known
  if (retryable && code !== 'client-not-loaded') return 'Wait: the client tries again by itself.'
  return code.startsWith('token-')
    ? 'Give the server the authorizedParties and the Clerk keys of the page.'
    : toBrowserRemedy({ code, retryable })
}
