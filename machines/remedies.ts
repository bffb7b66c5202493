import type { SyncErrorCode } from './sync/sync-error.ts'

/** The remedies that depend on the code alone. A message of the server may name the option more precisely. */
const remedies: Partial<Record<SyncErrorCode, string>> = {
  'token-type': 'Give the client getToken of Clerk, without a template.',
  'session-revoked': 'Sign out at Clerk, then sign in again.',
  'session-pending': 'Finish the task that Clerk asks for.',
  'reverification-needed': 'Verify the user again, by useReverification of Clerk.',
  'cookie-missing': 'Serve the page over https, on the site of the server, and allow its cookies.',
  'origin-rejected': 'List the origin of the page in allowedOrigins of the server.',
  'host-rejected': 'List the host in allowedHosts of the server.',
  'not-found': 'Give server and client the same basePath.',
  'clerk-unavailable': 'Let the script and the API of Clerk through, then load the page again.',
  'answer-malformed': 'Wait for the server, sign in to the network, or pass basePath on to the server.',
  'answer-cached': 'Exclude the endpoints from the service worker, or from the cache between.',
  'too-many-sessions': 'Sign out on another device.',
  'store-not-shared': 'Give the nodes of the server one store.',
}

/** Returns the remedy for an error in one sentence. The table of docs/errors.md is made from this. */
export function toRemedy({ code, retryable }: { readonly code: SyncErrorCode; readonly retryable: boolean }): string {
  const known = remedies[code]
  if (known) return known
  if (retryable) return 'Wait: it is tried again by itself.'
  return code.startsWith('token-')
    ? 'Give the server the authorizedParties and the Clerk keys of the page.'
    : 'The log of the server says more.'
}
