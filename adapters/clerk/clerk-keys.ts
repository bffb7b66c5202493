import {
  createKeySource,
  warnOfInsecureKeys,
  type KeyOptions,
  type KeySourceSettings,
} from '../jose/create-key-source.ts'
import { createJwksFetcher, type FetchJwks } from '../jose/fetch-jwks.ts'
import type { KeySource } from '../jose/key-source.ts'
import { createSingleKey } from '../jose/static-keys.ts'
import { toLogger } from '../logger.ts'
import { requireSecretKey, type ClerkOptions } from './clerk-options.ts'

type ClerkKeyOptions = Pick<ClerkOptions, 'secretKey' | 'jwtKey' | 'apiUrl'>

const clerkApiUrl = 'https://api.clerk.com'

/**
 * Creates the source of a Clerk instance's signing keys: the key of `jwtKey` if it is given, else those of its Backend
 * API. Each source has its own keys.
 *
 * @throws MissingSecretKeyError if neither key is given. It is thrown at construction and not at the first token.
 * @throws TypeError if `jwtKey` is not a public key.
 */
export function createClerkKeys(options: ClerkKeyOptions, settings: KeySourceSettings = {}): KeySource {
  return createKeySource(toClerkKeyOptions(options, settings), settings)
}

/** Returns the same source as options for {@link createKeySource}. */
export function toClerkKeyOptions(options: ClerkKeyOptions, settings: KeySourceSettings): KeyOptions {
  const { jwtKey } = options
  if (!jwtKey) return { fetchJwks: createClerkJwksFetcher(options, settings) }
  requireJwtKey(jwtKey)
  return { jwtKey }
}

/** Checks the key, and names its option and variable in the error. */
function requireJwtKey(jwtKey: string): void {
  try {
    createSingleKey(jwtKey)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unusable'
    throw new TypeError(`createClerkKeys: clerk.jwtKey (CLERK_JWT_KEY) is ${reason}`, { cause })
  }
}

/**
 * Creates a function that fetches an instance's JWKS (Clerk docs, "Backend API", `GET /v1/jwks`). Clerk's SDK would
 * follow redirects, read a body of any size, and go on after the attempt was given up.
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
