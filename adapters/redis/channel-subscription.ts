import { isCluster, type RedisSubscriber } from './redis-client.ts'

/** The connection on which a node receives the messages of the other nodes. */
export interface ChannelSubscription {
  /** False while the connection is down. */
  readonly isReady: boolean
  /**
   * Resolves when every channel is subscribed.
   *
   * @throws Error if the connection is down at the moment, or Redis refuses
   */
  ready(): Promise<void>
  /** Subscribes to channels of one shard. Resolves when every later message on them will arrive. */
  subscribe(channels: readonly string[]): Promise<void>
  /** Ends the subscription of channels of one shard. */
  unsubscribe(channels: readonly string[]): Promise<void>
  close(): void
}

export interface ChannelSubscriptionOptions {
  readonly subscriber: RedisSubscriber
  /** @returns The channels that a new connection has to subscribe to, as one list for each shard */
  readonly toChannels: () => Iterable<readonly string[]>
  readonly onMessage: (message: string, channel: string) => void
  /** Called when messages may have been missed. The reason is an Error if something went wrong. */
  readonly onLoss: (reason: unknown) => void
}

/** The events of a client, or of a cluster about one of its servers, after which messages may have been missed. */
const losses = ['error', 'reconnecting', 'node-error', 'node-ready'] as const
/** The event of a cluster that could not follow a channel to another of its servers. */
const channelLost = 'sharded-channel-moved-error'

export function createChannelSubscription(options: ChannelSubscriptionOptions): ChannelSubscription {
  const { subscriber, toChannels, onMessage, onLoss } = options
  let subscribed: Promise<void> | null = null

  const subscribe = async (channels: readonly string[]) => {
    await subscriber.sSubscribe([...channels], onMessage)
  }

  async function subscribeAll() {
    try {
      if (!subscriber.isOpen) await subscriber.connect()
      await Promise.all([...toChannels()].map(subscribe))
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

  for (const event of losses) {
    subscriber.on(event, (error) => {
      // node-redis takes a channel that moves to another server for the answer to a command that is under way. It then
      // has one answer too many, and no longer knows which channels it has.
      if (error instanceof TypeError) beginAgain()
      onLoss(error)
    })
  }
  subscriber.on(channelLost, (error) => {
    beginAgain()
    onLoss(error)
  })

  return {
    get isReady() {
      return subscriber.isReady
    },
    async ready() {
      await (subscribed ??= subscribeAll())
      // A client is ready only after it has subscribed again.
      if (!subscriber.isReady) throw new Error('Redis is not connected')
    },
    subscribe,
    async unsubscribe(channels) {
      await subscriber.sUnsubscribe([...channels], onMessage)
    },
    close() {
      subscriber.destroy()
    },
  }
}
