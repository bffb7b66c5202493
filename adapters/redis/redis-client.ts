import { createClient } from 'redis'
import { fullJitter } from '../../machines/backoff.ts'

/** A script's keys and arguments, as node-redis takes them. */
export interface ScriptCall {
  keys: string[]
  arguments: string[]
}

/** How a key is set: for so many ms, and with a condition only where there is none. */
export interface SetSettings {
  expiration: { type: 'PX'; value: number }
  condition?: 'NX'
}

/** The part of a node-redis client that the store uses. Clients with modules, of Sentinel and of a cluster have it too. */
export interface RedisClient {
  readonly isReady: boolean
  get(key: string): Promise<unknown>
  set(key: string, value: string, options: SetSettings): Promise<unknown>
  del(key: string): Promise<unknown>
  pExpire(key: string, ms: number): Promise<unknown>
  xRange(key: string, start: string, end: string, options: { COUNT: number }): Promise<unknown>
  eval(script: string, call: ScriptCall): Promise<unknown>
  evalSha(sha1: string, call: ScriptCall): Promise<unknown>
  duplicate(): RedisSubscriber
}

/** A connection of its own for the messages of other nodes. */
export interface RedisSubscriber {
  readonly isOpen: boolean
  readonly isReady: boolean
  connect(): Promise<unknown>
  sSubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  on(event: string, listener: (error?: unknown) => void): unknown
  destroy(): void
}

export const isCluster = (client: RedisClient | RedisSubscriber): boolean => 'slots' in client

/** A client of one address, as opposed to one that finds the primary by itself: of a cluster, or of Sentinel. */
interface SingleConnection {
  sendCommand(args: readonly string[]): Promise<unknown>
}

const isSingle = <T extends RedisClient | RedisSubscriber>(client: T): client is T & SingleConnection =>
  !isCluster(client) && !('acquire' in client)

/**
 * Has the server close the connection after it has answered the commands sent before. The client then makes another
 * connection, which may lead to another server.
 */
export async function leaveServer(client: RedisClient | RedisSubscriber): Promise<void> {
  if (!isSingle(client) || !client.isReady) return
  // The client itself tells when the connection has ended.
  await client.sendCommand(['QUIT']).catch(() => {})
}

/** Upper bounds of the pause before a reconnect, ms: the first, and every one. */
const reconnects = { first: 50, most: 2_000 }
/** Commands that may wait for their answers; what comes on top is refused, so that a stalled Redis costs no memory. */
const maxQueue = 10_000
const pingInterval = 1_000
/** A connection that is silent in spite of the pings is given up, ms. */
const silentAfter = 3_500

/**
 * A node-redis client that refuses what it cannot send at once: a command that waits for a connection would be applied
 * long after its caller was told of an outage.
 */
export function createOwnClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueue,
    // The store bounds its calls itself, and the client's own timer for each command costs more than the command.
    commandOptions: { timeout: undefined },
    pingInterval,
    socket: {
      connectTimeout: silentAfter,
      socketTimeout: silentAfter,
      reconnectStrategy: (retries) => 10 + fullJitter(retries, reconnects, Math.random),
    },
  })
}
