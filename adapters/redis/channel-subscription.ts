import { isCluster } from './redis-client.ts'
import type { RedisSubscriber } from './redis-client.ts'
import { shards } from './redis-keys.ts'
import type { RedisKeys } from './redis-keys.ts'

/** The connection on which a node receives the messages of the other nodes, on the channels of all shards. */
export interface ChannelSubscription {
  /**
   * Resolves when every channel is subscribed.
   *
   * @throws Error if the connection is down at the moment, or Redis refuses
   */
  ready(): Promise<void>
  close(): void
}

export interface ChannelSubscriptionOptions {
  readonly subscriber: RedisSubscriber
  readonly keys: RedisKeys
  readonly onMessage: (message: string) => void
  /** Called when messages may have been missed. The reason is an Error if something went wrong. */
  readonly onLoss: (reason: unknown) => void
}

/** The events of a client, or of a cluster about one of its servers, after which messages may have been missed. */
const losses = ['error', 'reconnecting', 'node-error', 'node-ready'] as const
/** The event of a cluster that could not follow a channel to another of its servers. */
const channelLost = 'sharded-channel-moved-error'

export function createChannelSubscription(options: ChannelSubscriptionOptions): ChannelSubscription {
  const { subscriber, keys, onMessage, onLoss } = options
  let subscribed: Promise<void> | null = null

  async function subscribe() {
    try {
      if (!subscriber.isOpen) await subscriber.connect()
      await Promise.all(shards.map((shard) => subscriber.sSubscribe(keys.channel(shard), onMessage)))
    } catch (error) {
      beginAgain()
      throw error
    }
  }

  /** A cluster that could not follow a channel has lost it, and its map of the servers may be old. */
  function beginAgain() {
    subscribed = null
    if (isCluster(subscriber) && subscriber.isOpen) subscriber.destroy()
  }

  for (const event of losses) subscriber.on(event, onLoss)
  subscriber.on(channelLost, (error) => {
    beginAgain()
    onLoss(error)
  })

  return {
    async ready() {
      await (subscribed ??= subscribe())
      // A client is ready only after it has subscribed again.
      if (!subscriber.isReady) throw new Error('Redis is not connected')
    },
    close() {
      subscriber.destroy()
    },
  }
}
