import { createClient } from 'redis'
import { fullJitter } from '../../machines/backoff.ts'

/** A script's keys and arguments, as node-redis accepts them. */
export interface ScriptCall {
  keys: string[]
  arguments: string[]
}

/** Settings for a key: its life in ms, and optionally the condition that it does not exist yet. */
export interface SetSettings {
  expiration: { type: 'PX'; value: number }
  condition?: 'NX'
}

/**
 * The part of a node-redis client that the store uses. Clients with modules, of Sentinel and of a cluster have it too.
 */
export interface RedisClient {
  /** True while commands can be sent. */
  readonly isReady: boolean
  /** `GET`. */
  get(key: string): Promise<unknown>
  /** `SET` with `PX`, and `NX` if asked for. */
  set(key: string, value: string, options: SetSettings): Promise<unknown>
  /** `DEL`. */
  del(key: string): Promise<unknown>
  /** `PEXPIRE`. */
  pExpire(key: string, ms: number): Promise<unknown>
  /** `XRANGE` with `COUNT`. */
  xRange(key: string, start: string, end: string, options: { COUNT: number }): Promise<unknown>
  /** `EVAL`. */
  eval(script: string, call: ScriptCall): Promise<unknown>
  /** `EVALSHA`. */
  evalSha(sha1: string, call: ScriptCall): Promise<unknown>
  /** Returns another client with the same settings, which is not connected yet. */
  duplicate(): RedisSubscriber
}

/** A separate connection for the messages of other nodes. */
export interface RedisSubscriber {
  /** True from `connect` to the end. */
  readonly isOpen: boolean
  /** True while commands can be sent. */
  readonly isReady: boolean
  /** Connects, and connects again whenever the connection ends. */
  connect(): Promise<unknown>
  /** `SSUBSCRIBE`, for shard channels. */
  sSubscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>
  /** `SUNSUBSCRIBE`, for shard channels. */
  sUnsubscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>
  /** Listens to the events `ready`, `error` and `end` of the connection. */
  on(event: string, listener: (error?: unknown) => void): unknown
  /** Closes the connection at once. */
  destroy(): void
}

export const isCluster = (client: RedisClient | RedisSubscriber): boolean => 'slots' in client

/** A client of one address. A client of a cluster or of Sentinel, by contrast, finds the primary by itself. */
interface SingleConnection {
  readonly options?: SocketOptions
  sendCommand(args: readonly string[]): Promise<unknown>
  duplicate(overrides: SocketOptions): RedisSubscriber
}

/** A client of a cluster, with what each of its connections is made by. */
interface ClusterConnections {
  readonly _options: { readonly defaults?: SocketOptions }
  duplicate(overrides: { readonly defaults: SocketOptions }): RedisSubscriber
}

interface SocketOptions {
  readonly socket?: object
}

const isSingle = <T extends RedisClient | RedisSubscriber>(client: T): client is T & SingleConnection =>
  !isCluster(client) && !('acquire' in client)

/**
 * Asks the server to close the connection after it has answered the earlier commands. The client then makes another
 * connection, which may lead to another server.
 */
export async function leaveServer(client: RedisClient | RedisSubscriber): Promise<void> {
  if (!isSingle(client) || !client.isReady) return
  // The client itself reports when the connection has ended.
  await client.sendCommand(['QUIT']).catch(() => {})
}

/** How many bytes may wait for the socket of a subscription. */
const maxUnsent = 2 ** 28

/**
 * Returns a client for the messages of other nodes. node-redis subscribes to all channels again before a new connection
 * counts as ready, and sends what does not fit into the socket's buffer only once it is ready. With Node's buffer of 16
 * KB a node with some 150 sessions would never be ready again, so the buffer is larger. A client of Sentinel does not
 * tell its settings, so its owner has to set the buffer.
 */
export function createSubscriber(client: RedisClient): RedisSubscriber {
  if (isSingle(client)) return client.duplicate(withLargeBuffer(client.options))
  if (hasClusterOptions(client)) return client.duplicate({ defaults: withLargeBuffer(client._options.defaults) })
  return client.duplicate()
}

const withLargeBuffer = (options?: SocketOptions): SocketOptions => ({
  ...options,
  socket: { ...options?.socket, writableHighWaterMark: maxUnsent },
})

const hasClusterOptions = <T extends RedisClient>(client: T): client is T & ClusterConnections =>
  isCluster(client) && '_options' in client && typeof client._options === 'object' && client._options !== null

/** Upper bounds of the pause before a reconnect, ms: the first, and every one. */
const reconnects = { first: 50, most: 2_000 }
/** Number of commands that may wait for their answers. More are refused, so that a stalled Redis costs no memory. */
const maxQueue = 10_000
const pingInterval = 1_000
/** Time after which a connection that is silent despite the pings is given up, ms. */
const silentAfter = 3_500

/**
 * Creates a node-redis client that refuses commands that it cannot send at once. A command that waited for a connection
 * would be applied long after its caller was told of an outage.
 */
export function createOwnClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueue,
    // The store itself limits its calls, and the client's own timer for each command costs more than the command.
    commandOptions: { timeout: undefined },
    pingInterval,
    socket: {
      connectTimeout: silentAfter,
      socketTimeout: silentAfter,
      reconnectStrategy: (retries) => 10 + fullJitter(retries, reconnects, Math.random),
    },
  })
}
