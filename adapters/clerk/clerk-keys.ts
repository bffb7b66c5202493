import type { FetchJwks } from '../jose/fetch-jwks.ts'
import { createKeySource } from '../jose/key-source.ts'
import type { KeySource, KeySourceSettings } from '../jose/key-source.ts'
import { toLogger } from '../logger.ts'
import type { Logger } from '../logger.ts'
import { createBackendClient, toClerkFailure } from './backend-client.ts'
import type { ClerkOptions } from './clerk-options.ts'
import { createJwtKeySource } from './jwt-key.ts'

/**
 * The signing keys of a Clerk instance: the one of `jwtKey` where it is given, else those of its Backend API through
 * Clerk's own SDK. Each source has a client and keys of its own.
 *
 * @throws MissingSecretKeyError where neither key is given, at construction and not at the first token.
 * @throws TypeError where `jwtKey` is no public key.
 */
export function createClerkKeys(
  options: Pick<ClerkOptions, 'secretKey' | 'jwtKey' | 'apiUrl'>,
  settings: Omit<KeySourceSettings, 'fetch'> = {},
): KeySource {
  if (options.jwtKey) return createJwtKeySource(options.jwtKey)
  return createKeySource({ fetchJwks: createClerkJwksFetcher(options, toLogger(settings.logger)) }, settings)
}

/** Fetches an instance's JWKS through Clerk's SDK. @throws MissingSecretKeyError */
export function createClerkJwksFetcher(options: Pick<ClerkOptions, 'secretKey' | 'apiUrl'>, logger: Logger): FetchJwks {
  const client = createBackendClient(options)
  return async () => {
    try {
      return await client.jwks.getJwks()
    } catch (cause) {
      const { status, clerkTraceId } = toClerkFailure(cause)
      if (status === 401 || status === 403) logger.error('clerk.secretKey.rejected', { status, clerkTraceId })
      throw new Error(status ? `Clerk's Backend API answered ${status}` : 'Clerk could not be reached', { cause })
    }
  }
}
