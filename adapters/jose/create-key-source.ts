import type { InspectionEvent } from 'xstate'
import { toLogger, type Logger } from '../logger.ts'
import { loopbackHost } from '../loopback.ts'
import { createOptionCheck, type OptionCheck } from '../option-check.ts'
import { parseUrl } from '../parse-url.ts'
import { createJwksFetcher, type FetchJwks, type FetchJwksRequest } from './fetch-jwks.ts'
import type { Jwks } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { createRemoteKeys } from './remote-keys.ts'
import { createSingleKey, createStaticKeys } from './static-keys.ts'

/** The origin of the signing keys: exactly one of these options. */
export type KeyOptions =
  /** A given key set, which is never refreshed. */
  | { readonly jwks: Jwks }
  /** URL of a key set, `https:` (or `http:`, with a warning unless it is this machine). */
  | { readonly jwksUrl: string | URL }
  /** One RSA public key as PEM (Clerk's "JWKS Public Key"). It needs no network and is used for every key id. */
  | { readonly jwtKey: string }
  /** Fetches a key set in another way. It should stop when `signal` fires. */
  | { readonly fetchJwks: FetchJwks }

/** Times in ms. */
export interface KeySourceSettings {
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /** Receives failures to fetch keys. Default: warnings and errors to the console. */
  readonly logger?: Partial<Logger>
  /**
   * Receives the inspection events of the `jwksMachine`, whose actor is named `jwks`. If it throws, nothing else is
   * affected. Default none.
   */
  readonly inspect?: (event: InspectionEvent) => void
  /** Receives the time of each good answer of the key endpoint, by the endpoint's clock. Default none. */
  readonly onAnswer?: FetchJwksRequest['onAnswer']
  /** Monotonic clock, ms; default `performance.now`. */
  readonly now?: () => number
  /** Time from the start of one attempt to the start of the next, whether it failed or not, ms; default 10 000. */
  readonly cooldown?: number
  /** Age at which keys are refreshed without a request for a key, ms; default 300 000. */
  readonly maxAge?: number
  /** Age up to which keys are used while refreshing fails, ms; default 86 400 000. */
  readonly maxStale?: number
  /** Time that one attempt may take, including the body, ms; default 4000. */
  readonly timeout?: number
}

type OneOf = { jwks?: Jwks; jwksUrl?: string | URL; jwtKey?: string; fetchJwks?: FetchJwks }

const spans = ['cooldown', 'maxAge', 'maxStale', 'timeout'] as const
const loopback = new RegExp(`^${loopbackHost}$`)
const check: OptionCheck = createOptionCheck('createKeySource: ')

/**
 * Creates a {@link KeySource} from a given key set, a URL, a PEM key or a function. It fetches nothing before the first
 * token.
 *
 * @throws TypeError that names the option which cannot be used.
 * @example const keys = createKeySource({ jwksUrl: 'https://clerk.example.com/.well-known/jwks.json' })
 */
export function createKeySource(options: KeyOptions, settings: KeySourceSettings = {}): KeySource {
  const { jwks, jwksUrl, jwtKey, fetchJwks } = (options ?? {}) as OneOf
  if ([jwks, jwksUrl, jwtKey, fetchJwks].filter((given) => given !== undefined).length !== 1) {
    check.fail('keys', 'must have exactly one of jwks, jwksUrl, jwtKey, fetchJwks')
  }
  for (const span of spans) {
    const value = settings[span]
    if (value !== undefined && !(value > 0)) check.fail(span, 'must be more than 0 ms')
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
  return typeof fetchJwks === 'function' ? fetchJwks : check.fail('keys.fetchJwks', 'must be a function')
}

function toFetcher(jwksUrl: string | URL, fetch: KeySourceSettings['fetch'], logger: Logger): FetchJwks {
  const url = parseUrl(jwksUrl) ?? check.fail('keys.jwksUrl', 'must be an absolute URL')
  check.require('keys.jwksUrl', /^https?:$/.test(url.protocol), 'must be an https: URL')
  check.require('keys.jwksUrl', !url.username && !url.password, 'must not hold credentials')
  warnOfInsecureKeys(url, logger)
  return createJwksFetcher({ url, fetch })
}

/**
 * Warns of keys that are fetched without encryption. An attacker who answers in place of the endpoint can sign any user
 * in.
 */
export function warnOfInsecureKeys(url: URL, logger: Logger): void {
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) logger.warn('keys.insecure', { host: url.host })
}
