import { createClerkClient } from '@clerk/backend'
import type { ClerkClient } from '@clerk/backend'
import { requireSecretKey } from './clerk-options.ts'
import type { ClerkOptions } from './clerk-options.ts'

/** Clerk's own client of one instance's Backend API. @throws MissingSecretKeyError */
export function createBackendClient(options: Pick<ClerkOptions, 'secretKey' | 'apiUrl'>): ClerkClient {
  return createClerkClient({
    secretKey: requireSecretKey(options),
    apiUrl: options.apiUrl,
    telemetry: { disabled: true },
  })
}

/** What is worth telling of an error of the SDK, by shape: two copies of it have two classes. */
export function toClerkFailure(error: unknown): { status?: number; clerkTraceId?: string } {
  return typeof error === 'object' && error !== null ? error : {}
}
