import { setUnrefTimeout } from '../timing/unref-clock.ts'
import type { ChannelSubscription } from './channel-subscription.ts'
import { createEarlyMessages } from './early-messages.ts'
import { createTurns } from './in-turns.ts'

/**
 * The channels of the sessions and cookies whose changes concern this node. A node begins to follow one before it reads
 * or writes it, so that no change falls in between, and lets it go once no watcher wants it.
 */
export interface FollowedChannels {
  /**
   * Begins to follow a channel, or goes on.
   *
   * @param name The id of the session, or the alias of the cookie; null if it is not known yet.
   * @returns A promise that resolves when every later message will arrive, or null if that is so already. It never
   * rejects: without a connection, the node reads its sessions again when the connection is back.
   */
  follow(channel: string, name: string | null): Promise<void> | null
  /** Notes the id of the session of a channel that is followed. */
  name(channel: string, name: string): void
  /** Takes a message of a channel that is followed, and passes it on if a watcher wants it, now or soon. */
  hear(channel: string, message: string): void
  /** Subscribes to the channels that could not be subscribed to when they were asked for. */
  complete(): Promise<void>
  /** @returns The channels that are followed, as one list for each shard */
  byShard(): Iterable<readonly string[]>
  close(): void
}

export interface FollowedChannelsOptions {
  readonly subscription: Pick<ChannelSubscription, 'isReady' | 'subscribe' | 'unsubscribe'>
  /** @returns True if a watcher wants the changes of a session or a cookie */
  readonly isWanted: (name: string) => boolean
  /** Gets each message that is wanted. */
  readonly deliver: (message: string) => void
  /** Called with the reason if a channel could not be followed, so that messages may be missed. */
  readonly onLoss: (reason: unknown) => void
  /** Time to wait for Redis to confirm a subscription, ms. */
  readonly patience: number
}

interface Followed {
  name: string | null
  /** Number of looks until it can be let go. Its session may be about to be held after a read or a write. */
  looksLeft: number
  isSubscribed: boolean
  /** Resolves when the subscription is confirmed or has failed; null if none is under way. */
  joining: Promise<void> | null
}

/** Interval of the looks for channels that can be let go, ms. */
const lookEvery = 1_000
/** Number of looks for which a channel is kept after each read or write. */
const keptLooks = 2
/** The most channels of one look, so that it does not hold up the requests. */
const maxLooks = 10_000

export function createFollowedChannels(options: FollowedChannelsOptions): FollowedChannels {
  const { subscription, isWanted, deliver, onLoss, patience } = options
  const followed = new Map<string, Followed>()
  const turn = createTurns(followed, maxLooks)

  const isHeld = ({ name }: Followed) => name !== null && isWanted(name)
  const early = createEarlyMessages<Followed>({ isHeld, isExpected: ({ looksLeft }) => looksLeft > 0, deliver })

  async function subscribe(channel: string, entry: Followed) {
    try {
      await subscription.subscribe([channel])
      entry.isSubscribed = true
    } catch (error) {
      onLoss(error)
    }
  }

  function join(channel: string, entry: Followed): Promise<void> {
    const late = () => onLoss(new Error('Redis does not confirm a subscription'))
    const end = () => {
      entry.joining = null
    }
    entry.joining = inTime(subscribe(channel, entry), patience, late).then(end)
    return entry.joining
  }

  /** Lets go of the channels that no watcher wants. */
  function look() {
    if (!subscription.isReady) return
    const left: string[] = []
    for (const [channel, entry] of turn()) {
      if (entry.looksLeft > 0) entry.looksLeft -= 1
      else if (!entry.joining && !isHeld(entry)) left.push(channel)
    }
    for (const channel of left) followed.delete(channel)
    for (const channels of groupByShard(left)) void leave(channels)
  }

  async function leave(channels: readonly string[]) {
    try {
      await subscription.unsubscribe(channels)
    } catch {
      // The channels are still subscribed, so a later look tries again.
      for (const channel of channels) if (!followed.has(channel)) followed.set(channel, toEntry(null, true))
    }
  }

  const timer = setInterval(look, lookEvery)
  if (typeof timer === 'object') timer.unref()

  return {
    follow(channel, name) {
      const known = followed.get(channel)
      const entry = known ?? toEntry(name, false)
      entry.looksLeft = keptLooks
      entry.name ??= name
      if (!known) followed.set(channel, entry)
      if (entry.isSubscribed) return null
      // Without a connection, the channel is subscribed when the connection is back.
      return entry.joining ?? (subscription.isReady ? join(channel, entry) : null)
    },
    name(channel, name) {
      const entry = followed.get(channel)
      if (entry) entry.name = name
    },
    hear(channel, message) {
      const entry = followed.get(channel)
      if (!entry) return
      if (isHeld(entry) && !early.has(entry)) deliver(message)
      else if (entry.looksLeft > 0) early.keep(entry, message)
    },
    async complete() {
      const missing = [...followed].filter(([, { isSubscribed, joining }]) => !isSubscribed && !joining)
      const channels = missing.map(([channel]) => channel)
      await Promise.all(groupByShard(channels).map((group) => subscription.subscribe(group)))
      for (const [, entry] of missing) entry.isSubscribed = true
    },
    byShard: () => groupByShard([...followed.keys()]),
    close() {
      clearInterval(timer)
      followed.clear()
    },
  }
}

const toEntry = (name: string | null, isSubscribed: boolean): Followed => ({
  name,
  looksLeft: 0,
  isSubscribed,
  joining: null,
})

/** Resolves when the work has ended. If it takes longer than `ms`, it calls `late` and resolves then. */
function inTime(work: Promise<void>, ms: number, late: () => void): Promise<void> {
  return new Promise((resolve) => {
    const wait = { isOver: false }
    const giveUp = () => {
      if (!wait.isOver) late()
      resolve()
    }
    // A busy event loop runs its timers before it reads answers that are already in the socket.
    const timer = setUnrefTimeout(() => setImmediate(giveUp), ms)
    void work.finally(() => {
      wait.isOver = true
      clearTimeout(timer)
      resolve()
    })
  })
}

/** A command of a cluster may name channels of one shard only: those with the same hash tag. */
function groupByShard(channels: readonly string[]): string[][] {
  const groups = new Map<string, string[]>()
  for (const channel of channels) {
    const tag = channel.slice(0, channel.indexOf('}'))
    const group = groups.get(tag)
    if (group) group.push(channel)
    else groups.set(tag, [channel])
  }
  return [...groups.values()]
}
