import { createChannelSubscription } from './channel-subscription.ts'
import { createFollowedChannels, type FollowedChannels, type FollowedChannelsOptions } from './followed-channels.ts'
import type { RedisSubscriber } from './redis-client.ts'
import { shards, type RedisKeys } from './redis-keys.ts'
import { createSlotOwners } from './slot-owners.ts'

/** All channels on which a node listens: those that concern every node, and those of its own sessions. */
export interface NodeChannels {
  readonly followed: Pick<FollowedChannels, 'follow' | 'name'>
  /** Subscribes to every channel of the node. Rejects if that is not possible now. */
  readonly listen: () => Promise<void>
  /** @returns True if channels have moved to another server since the last call, so that messages may be lost */
  readonly haveMoved: () => boolean
  readonly close: () => void
}

export interface NodeChannelsOptions extends Omit<FollowedChannelsOptions, 'subscription'> {
  readonly subscriber: RedisSubscriber
  readonly keys: RedisKeys
}

export function createNodeChannels(options: NodeChannelsOptions): NodeChannels {
  const { subscriber, keys, deliver, onLoss } = options
  const common = new Set(shards.map(keys.channel))
  const subscription = createChannelSubscription({ subscriber, toChannels, onMessage, onLoss })
  const followed = createFollowedChannels({ ...options, subscription })

  function* toChannels() {
    for (const channel of common) yield [channel]
    yield* followed.byShard()
  }

  function onMessage(message: string, channel: string) {
    if (common.has(channel)) deliver(message)
    else followed.hear(channel, message)
  }

  return {
    followed,
    async listen() {
      await subscription.ready()
      await followed.complete()
    },
    haveMoved: createSlotOwners(subscriber),
    close() {
      followed.close()
      subscription.close()
    },
  }
}
