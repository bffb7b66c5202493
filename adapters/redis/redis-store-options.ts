import { longestDelay } from '../../machines/backoff.ts'
import type { Logger } from '../logger.ts'
import { createOptionCheck, isObject, isText, type OptionCheck } from '../option-check.ts'
import { parseUrl } from '../parse-url.ts'
import type { RedisClient } from './redis-client.ts'

/** Options of {@link createRedisSessionStore}. */
export interface RedisSessionStoreOptions {
  /** URL of Redis, `redis://` or `rediss://`, as for node-redis. Give this or `client`; there is no default. */
  readonly url?: string
  /**
   * A client of node-redis (of one server, of Sentinel or of a cluster), which you connect and close. Its commands
   * should not wait for a connection (`disableOfflineQueue: true`). The store makes a duplicate of it for pub/sub. A
   * client of one server has to reconnect when its connection ends, because the store ends a connection that leads to a
   * replica.
   */
  readonly client?: RedisClient
  /** The beginning of every key and channel; default `authchart`. Nodes that share it share their sessions. */
  readonly prefix?: string
  /** Time that Redis may take for one call of the store before the call rejects, ms. Default 500. */
  readonly timeout?: number
  /** Default: warnings and errors to the console. */
  readonly logger?: Partial<Logger>
  /** The wall clock, epoch ms; default `Date.now`. Use the clock of the auth server. */
  readonly clock?: () => number
}

export type RedisStoreSettings = Required<Pick<RedisSessionStoreOptions, 'prefix' | 'timeout' | 'clock'>>

const names: readonly string[] = [
  'url',
  'client',
  'prefix',
  'timeout',
  'logger',
  'clock',
] satisfies readonly (keyof RedisSessionStoreOptions)[]
const clientMethods = ['get', 'set', 'del', 'pExpire', 'xRange', 'eval', 'evalSha', 'duplicate'] as const
const check: OptionCheck = createOptionCheck('createRedisSessionStore: ')

/**
 * Returns the options merged over the defaults.
 *
 * @throws TypeError that names the option which cannot be used
 */
export function resolveRedisStoreOptions(options: RedisSessionStoreOptions): RedisStoreSettings {
  check.require('options', isObject(options), 'must be an object')
  check.requireKnown(options, names)
  const { url, client, prefix = 'authchart', timeout = 500, clock = Date.now } = options
  check.require('url', (url === undefined) !== (client === undefined), 'or client must be given, and not both')
  // The message does not contain the value, which may hold a password.
  check.require('url', url === undefined || isRedisUrl(url), 'must be a URL such as redis://localhost:6379')
  check.require('client', client === undefined || isClient(client), 'must be a client or cluster of node-redis')
  // Braces in the prefix would act as the hash tag.
  check.require('prefix', isText(prefix) && !/[\s{}]/.test(prefix), 'must be a text without space or braces')
  const isSpan = Number.isFinite(timeout) && timeout > 0 && timeout <= longestDelay
  check.require('timeout', isSpan, 'must be a number of ms above 0')
  check.requireClock(clock)
  return { prefix, timeout, clock }
}

const isRedisUrl = (url: unknown) => typeof url === 'string' && /^rediss?:\/\//.test(url) && parseUrl(url) !== null

const isClient = (client: unknown) =>
  typeof client === 'object' &&
  client !== null &&
  clientMethods.every((method) => typeof (client as RedisClient)[method] === 'function')
