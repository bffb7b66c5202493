import { createJwksFetcher } from '../jose/fetch-jwks.ts'
import type { FetchJwks } from '../jose/fetch-jwks.ts'
import { createKeySource, warnOfInsecureKeys } from '../jose/create-key-source.ts'
import type { KeyOptions, KeySourceSettings } from '../jose/create-key-source.ts'
import type { KeySource } from '../jose/key-source.ts'
import { createSingleKey } from '../jose/static-keys.ts'
import { toLogger } from '../logger.ts'
import { requireSecretKey } from './clerk-options.ts'
import type { ClerkOptions } from './clerk-options.ts'

type ClerkKeyOptions = Pick<ClerkOptions, 'secretKey' | 'jwtKey' | 'apiUrl'>

const clerkApiUrl = 'https://api.clerk.com'

/**
 * The signing keys of a Clerk instance: the one of `jwtKey` where it is given, else those of its Backend API. Each source
 * has keys of its own.
 *
 * @throws MissingSecretKeyError where neither key is given, at construction and not at the first token.
 * @throws TypeError where `jwtKey` is no public key.
 */
export function createClerkKeys(options: ClerkKeyOptions, settings: KeySourceSettings = {}): KeySource {
  return createKeySource(toClerkKeyOptions(options, settings), settings)
}

/** The same as options of a {@link createKeySource} that is still to be made. */
export function toClerkKeyOptions(options: ClerkKeyOptions, settings: KeySourceSettings): KeyOptions {
  const { jwtKey } = options
  if (!jwtKey) return { fetchJwks: createClerkJwksFetcher(options, settings) }
  requireJwtKey(jwtKey)
  return { jwtKey }
}

/** Names the option and the variable that the key came by. */
function requireJwtKey(jwtKey: string): void {
  try {
    createSingleKey(jwtKey)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unusable'
    throw new TypeError(`createClerkKeys: clerk.jwtKey (CLERK_JWT_KEY) is ${reason}`, { cause })
  }
}

/**
 * Fetches an instance's JWKS (Clerk docs, "Backend API", `GET /v1/jwks`). Clerk's SDK would follow redirects, read a body
 * of any size, and go on after the attempt was given up.
 *
 * @throws MissingSecretKeyError
 */
function createClerkJwksFetcher(options: ClerkKeyOptions, { fetch, logger: given }: KeySourceSettings): FetchJwks {
  const secretKey = requireSecretKey(options)
  const logger = toLogger(given)
  const url = new URL(`${(options.apiUrl ?? clerkApiUrl).replace(/\/+$/, '')}/v1/jwks`)
  warnOfInsecureKeys(url, logger)
  return createJwksFetcher({
    url,
    fetch,
    headers: { authorization: `Bearer ${secretKey}` },
    name: "Clerk's Backend API",
    onFailure(status) {
      if (status === 401 || status === 403) logger.error('clerk.secretKey.rejected', { status })
    },
  })
}
