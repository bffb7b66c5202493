import { createClerkClient, type ClerkClient } from '@clerk/backend'
import { requireSecretKey, type ClerkOptions } from './clerk-options.ts'

/**
 * Creates Clerk's own client for one instance's Backend API.
 *
 * @throws MissingSecretKeyError
 */
export function createBackendClient(options: Pick<ClerkOptions, 'secretKey' | 'apiUrl'>): ClerkClient {
  return createClerkClient({
    secretKey: requireSecretKey(options),
    apiUrl: options.apiUrl,
    telemetry: { disabled: true },
  })
}

/**
 * Returns the useful fields of an error of the SDK. It goes by the shape of the error, because two copies of the SDK
 * have two classes.
 */
export function toClerkFailure(error: unknown): { status?: number; clerkTraceId?: string } {
  return typeof error === 'object' && error !== null ? error : {}
}
