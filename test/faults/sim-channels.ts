import type { StoreChange } from '../../adapters/hub/store/session-store.ts'
import { createFollowedChannels, type FollowedChannels } from '../../adapters/redis/followed-channels.ts'
import { createRandom } from './random.ts'
import type { Party } from './virtual-time.ts'
import type { World } from './world.ts'

/** The channels of one node's connection to the store: one for each session, and for each cookie that is waited for. */
export interface SimChannels {
  readonly followed: Pick<FollowedChannels, 'follow'>
  /** @returns the channel on which the connection gets a change; null if it gets none */
  toChannel(change: StoreChange): string | null
  /** Takes a change that has arrived on a channel. */
  hear(channel: string, change: StoreChange): void
  /** Forgets all subscriptions, as a connection does that breaks. */
  break(): void
  /** Subscribes to all that is followed, on a new connection. */
  restore(): Promise<void>
  close(): void
}

export interface SimChannelsOptions {
  readonly node: Party
  readonly store: Party
  readonly isLost: () => boolean
  readonly isWanted: (name: string) => boolean
  readonly deliver: (change: StoreChange) => void
  readonly onLoss: () => void
}

export function createSimChannels(world: World, options: SimChannelsOptions): SimChannels {
  const { node, store, isLost, isWanted, deliver, onLoss } = options
  const { time, weather } = world
  // Chance of its own, so that a subscription changes nothing else in a case.
  const random = createRandom(world.tokenLife + 1)
  const subscribed = new Set<string>()
  let connection = 0
  let isNew = false
  /** When the last command arrives: the commands of one connection keep their order. */
  let lastDue = 0

  function send(work: () => void): Promise<void> {
    if (isNew) return Promise.resolve(work())
    const mine = connection
    lastDue = Math.max(lastDue, time.now() + random.between(0, 5))
    return new Promise((resolve, reject) => {
      time.send(store, lastDue - time.now(), () => {
        const isDown = weather.storeDown || mine !== connection
        if (!isDown) work()
        time.send(node, random.between(0, 5), () => (isDown ? reject(new Error('The store is down')) : resolve()))
      })
    })
  }

  const followed = createFollowedChannels({
    subscription: {
      get isReady() {
        return !isLost()
      },
      subscribe: (channels) => send(() => channels.forEach((channel) => subscribed.add(channel))),
      unsubscribe: (channels) => send(() => channels.forEach((channel) => subscribed.delete(channel))),
    },
    isWanted,
    deliver: (message) => deliver(JSON.parse(message) as StoreChange),
    onLoss,
    patience: 250,
  })

  return {
    followed,
    toChannel(change) {
      if (change.type === 'record') return subscribed.has(change.record.id) ? change.record.id : null
      if (change.type !== 'rotated') return null
      if (subscribed.has(change.id)) return change.id
      return change.from !== null && subscribed.has(change.from) ? change.from : null
    },
    hear: (channel, change) => followed.hear(channel, JSON.stringify(change)),
    break() {
      connection += 1
      subscribed.clear()
    },
    async restore() {
      for (const channels of followed.byShard()) for (const channel of channels) subscribed.add(channel)
      isNew = true
      await followed.complete()
      isNew = false
    },
    close: () => followed.close(),
  }
}
