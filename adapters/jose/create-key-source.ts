import type { InspectionEvent } from 'xstate'
import { toLogger } from '../logger.ts'
import type { Logger } from '../logger.ts'
import { createJwksFetcher } from './fetch-jwks.ts'
import type { FetchJwks, FetchJwksRequest } from './fetch-jwks.ts'
import type { Jwks } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { createRemoteKeys } from './remote-keys.ts'
import { createSingleKey, createStaticKeys } from './static-keys.ts'

/** Exactly one of these. */
export type KeyOptions =
  /** A key set in hand; never refreshed. */
  | { readonly jwks: Jwks }
  /** Where to fetch one, `https:` (or `http:`, with a warning unless it is this machine). */
  | { readonly jwksUrl: string | URL }
  /** One RSA public key, PEM: no network, and every key id means it (Clerk's "JWKS Public Key"). */
  | { readonly jwtKey: string }
  /** Fetches one in another way. Must give up when `signal` fires, if it can. */
  | { readonly fetchJwks: FetchJwks }

/** Times in ms. */
export interface KeySourceSettings {
  /** Default the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  readonly logger?: Partial<Logger>
  /** Sees the inspection events of the `jwksMachine`, the actor `jwks`. One that throws harms nobody. Default none. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Hears when each good answer of the key endpoint was given, by the clock there. Default none. */
  readonly onAnswer?: FetchJwksRequest['onAnswer']
  /** Monotonic clock; default `performance.now`. */
  readonly now?: () => number
  /** From one attempt to the next, failed or not; default 10 000. */
  readonly cooldown?: number
  /** Age at which keys are refreshed unasked; default 300 000. */
  readonly maxAge?: number
  /** Age up to which keys serve while refreshing fails; default 86 400 000. */
  readonly maxStale?: number
  /** How long one attempt may take, the body included; default 4000. */
  readonly timeout?: number
}

type OneOf = { jwks?: Jwks; jwksUrl?: string | URL; jwtKey?: string; fetchJwks?: FetchJwks }

const spans = ['cooldown', 'maxAge', 'maxStale', 'timeout'] as const
const loopback = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * A {@link KeySource} from a key set in hand, a URL, a PEM key or a function. Nothing is fetched before the first token.
 *
 * @throws TypeError naming the option that cannot be used.
 * @example const keys = createKeySource({ jwksUrl: 'https://clerk.example.com/.well-known/jwks.json' })
 */
export function createKeySource(options: KeyOptions, settings: KeySourceSettings = {}): KeySource {
  const { jwks, jwksUrl, jwtKey, fetchJwks } = (options ?? {}) as OneOf
  if ([jwks, jwksUrl, jwtKey, fetchJwks].filter((given) => given !== undefined).length !== 1) {
    throw new TypeError('createKeySource: keys must have exactly one of jwks, jwksUrl, jwtKey, fetchJwks')
  }
  for (const span of spans) {
    const value = settings[span]
    if (value !== undefined && !(value > 0)) throw new TypeError(`createKeySource: ${span} must be more than 0 ms`)
  }
  const logger = toLogger(settings.logger)
  if (jwks !== undefined) return requireOption('jwks', () => createStaticKeys(jwks, logger))
  if (jwtKey !== undefined) return requireOption('jwtKey', () => createSingleKey(jwtKey))

  const { inspect, onAnswer, now = () => performance.now(), cooldown, maxAge, maxStale, timeout } = settings
  const fetchKeys = jwksUrl === undefined ? requireFunction(fetchJwks) : toFetcher(jwksUrl, settings.fetch, logger)
  return createRemoteKeys(fetchKeys, { logger, inspect, onAnswer, now, cooldown, maxAge, maxStale, timeout })
}

function requireOption<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new TypeError(`createKeySource: keys.${name} is ${cause instanceof Error ? cause.message : 'unusable'}`, {
      cause,
    })
  }
}

function requireFunction(fetchJwks: FetchJwks | undefined): FetchJwks {
  if (typeof fetchJwks !== 'function') throw new TypeError('createKeySource: keys.fetchJwks must be a function')
  return fetchJwks
}

function toFetcher(jwksUrl: string | URL, fetch: KeySourceSettings['fetch'], logger: Logger): FetchJwks {
  if (!URL.canParse(jwksUrl)) throw new TypeError('createKeySource: keys.jwksUrl must be an absolute URL')
  const url = new URL(jwksUrl)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError('createKeySource: keys.jwksUrl must be an https: URL')
  }
  if (url.username || url.password) throw new TypeError('createKeySource: keys.jwksUrl must not hold credentials')
  warnOfInsecureKeys(url, logger)
  return createJwksFetcher({ url, fetch })
}

/** Warns of keys that are fetched in the clear: an attacker who answers in the endpoint's place can sign anyone in. */
export function warnOfInsecureKeys(url: URL, logger: Logger): void {
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) logger.warn('keys.insecure', { host: url.host })
}
