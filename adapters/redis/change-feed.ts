import { fullJitter } from '../../machines/backoff.ts'
import type { Logger } from '../logger.ts'
import { setUnrefTimeout } from '../timing/unref-clock.ts'
import { createWaits } from '../timing/waits.ts'
import { createOutageLog } from './outage-log.ts'
import type { ChannelSubscriptionOptions } from './channel-subscription.ts'
import { createChannelSubscription } from './channel-subscription.ts'
import { isReply, toRefusal } from './redis-refusal.ts'

/**
 * `loading`: the node does not know yet the tombstones from before it started. `current`: it knows, it hears of everything
 * new, and what it decides can be stored. `behind`: it knows what was known when Redis was lost, or began to refuse.
 */
export type FeedState = 'loading' | 'current' | 'behind'

/** Keeps a node in step with what the others do. */
export interface ChangeFeed {
  readonly state: FeedState
  /** True while the node has read everything and is told of everything new, even where Redis takes no writes. */
  readonly isHearing: boolean
  /** True where Redis has refused something and may take it soon. */
  readonly isWaiting: boolean
  /** Current, and the others have had time to come back from the last outage too. */
  readonly isSettled: boolean
  /** When Redis was lost last, ms of the monotonic clock. */
  readonly lostAt: number
  /** Something may have been missed, or Redis refuses: the node tries to catch up until that works. */
  lose(reason: unknown): void
  /** Everything has to be read anew, as at a start. */
  restart(): void
  /** Resolves when the state is no longer what it is, or after `ms`: at once where that is 0 or less. */
  changed(ms: number): Promise<void>
  close(): void
}

export interface ChangeFeedOptions extends Omit<ChannelSubscriptionOptions, 'onLoss'> {
  /** Reads what was missed, in the state that the node is in. */
  readonly read: (state: FeedState) => Promise<void>
  /** Makes sure that what is decided from now on can be stored, and stores what is owed. */
  readonly confirm: (state: FeedState) => Promise<void>
  /** Gives up the connections to a server that is the wrong one, so that new ones are made. */
  readonly leave: () => Promise<unknown>
  readonly logger: Logger
}

/** How often to make sure that nothing was missed, ms: pub/sub gives no such promise. */
const checkEvery = 10_000
/** The time that a node may take to notice that Redis is back and to store its decisions of the meantime, ms. */
const settleFor = 10_000
const retries = { first: 50, most: 2_000 }

export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { subscriber, keys, onMessage, read, confirm, leave, logger } = options
  const { wait: changed, wakeAll } = createWaits()
  const outage = createOutageLog(logger)
  const life = { isOver: false }
  let state: FeedState = 'loading'
  let isHearing = false
  let isWaiting = false
  let isRecovering = false
  let attempts = 0
  /** Counts the losses. A reading that began before one does not make up for it. */
  let lost = 0
  /** Counts those of them in which a message may have been missed. */
  let gaps = 0
  /** Something went wrong since the state was `current` last. */
  let isOutage = false
  /** When the last outage ended, by the monotonic clock. */
  let backAt = -Infinity
  let lostAt = -Infinity
  const subscription = createChannelSubscription({ subscriber, keys, onMessage, onLoss: lose })

  function enter(next: FeedState) {
    if (state === next) return
    state = next
    wakeAll()
  }

  async function catchUp() {
    const before = gaps
    await read(state)
    if (before === gaps) isHearing = true
    // This comes last, so that the reading is known to come from a server that takes writes.
    await confirm(state)
  }

  async function tryToRecover() {
    const before = lost
    try {
      // The node subscribes before it reads, so that it misses nothing in between.
      await subscription.ready()
      await catchUp()
    } catch (error) {
      if (isReply(error)) note(error)
      logger.debug('redis.behind', { error })
      throw error
    }
    if (before !== lost) return
    if (isOutage) backAt = performance.now()
    isOutage = false
    isWaiting = false
    attempts = 0
    outage.end()
    enter('current')
  }

  async function recover() {
    const isDue = () => state !== 'current' && !life.isOver
    if (isRecovering) return
    isRecovering = true
    while (isDue()) {
      try {
        await tryToRecover()
      } catch (error) {
        await pause(fullJitter((attempts += 1), retries, Math.random))
        if (toRefusal(error)?.reaction === 'reconnect' && isDue()) {
          outage.expectLoss()
          await leave()
        }
      }
    }
    isRecovering = false
  }

  function note(reason: unknown) {
    // A cluster also tells of a server that has come back, which is no error.
    if (!(reason instanceof Error)) return
    isOutage = true
    outage.note(reason)
  }

  function lose(reason: unknown) {
    lost += 1
    if (life.isOver) return
    note(reason)
    const reaction = toRefusal(reason)?.reaction
    // A server that only refuses writes goes on telling what other nodes do.
    if (reaction !== 'fix') {
      gaps += 1
      isHearing = false
    }
    isWaiting = reaction === 'wait' || reaction === 'reconnect'
    if (state === 'current') {
      lostAt = performance.now()
      enter('behind')
    }
    void recover()
  }

  const check = setInterval(() => {
    if (state === 'current' && !life.isOver) void catchUp().catch(lose)
  }, checkEvery)
  if (typeof check === 'object') check.unref()

  void recover()

  return {
    get state() {
      return state
    },
    get isHearing() {
      return isHearing
    },
    get isWaiting() {
      return isWaiting
    },
    get isSettled() {
      return state === 'current' && performance.now() - backAt > settleFor
    },
    get lostAt() {
      return lostAt
    },
    lose,
    restart() {
      lost += 1
      gaps += 1
      isHearing = false
      enter('loading')
      void recover()
    },
    changed,
    close() {
      life.isOver = true
      clearInterval(check)
      wakeAll()
      subscription.close()
    },
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setUnrefTimeout(resolve, ms)
  })
