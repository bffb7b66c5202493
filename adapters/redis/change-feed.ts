import { fullJitter } from '../../machines/backoff.ts'
import type { Logger } from '../logger.ts'
import { setUnrefTimeout } from '../timing/unref-clock.ts'
import { createWaits } from '../timing/waits.ts'
import { createOutageLog } from './outage-log.ts'
import type { ChannelSubscriptionOptions } from './channel-subscription.ts'
import { createChannelSubscription } from './channel-subscription.ts'
import { isReply, toRefusal } from './redis-refusal.ts'

/**
 * The state of a node's feed:
 * - `loading`: The node does not know yet the tombstones from before it started.
 * - `current`: It knows them, it hears of everything new, and Redis stores its decisions.
 * - `behind`: It knows only what was known when Redis was lost or began to refuse.
 */
export type FeedState = 'loading' | 'current' | 'behind'

/** Keeps a node up to date with the other nodes. */
export interface ChangeFeed {
  readonly state: FeedState
  /** True while the node has read everything and hears of everything new, even if Redis takes no writes. */
  readonly isHearing: boolean
  /** True if Redis has refused a command and may accept it soon. */
  readonly isWaiting: boolean
  /** True if the feed is current and the other nodes have also had time to recover from the last outage. */
  readonly isSettled: boolean
  /** Moment when Redis was last lost, ms of the monotonic clock. */
  readonly lostAt: number
  /**
   * Reports that a message may have been missed, or that Redis refuses. The node then tries to catch up until that
   * works.
   */
  lose(reason: unknown): void
  /** Starts again, so that everything is read as at a start. */
  restart(): void
  /** Resolves when the state changes, or after `ms`, and at once if `ms` is 0 or less. */
  changed(ms: number): Promise<void>
  close(): void
}

export interface ChangeFeedOptions extends Omit<ChannelSubscriptionOptions, 'onLoss'> {
  /** Reads the missed changes; the argument is the current state of the node. */
  readonly read: (state: FeedState) => Promise<void>
  /** Makes sure that Redis stores the decisions from now on, and stores those that are still owed. */
  readonly confirm: (state: FeedState) => Promise<void>
  /** Ends the connections to a wrong server, so that new ones are made. */
  readonly leave: () => Promise<unknown>
  readonly logger: Logger
}

/** Interval of a check that nothing was missed, ms, because pub/sub does not guarantee delivery. */
const checkEvery = 10_000
/** Time in which a node notices that Redis is back and stores the decisions that it made meanwhile, ms. */
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
  /** Number of losses. A reading that began before a loss does not make up for it. */
  let lost = 0
  /** Number of those losses in which a message may have been missed. */
  let gaps = 0
  /** True if something went wrong since the state was last `current`. */
  let isOutage = false
  /** Moment when the last outage ended, by the monotonic clock. */
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
    // A cluster also reports a server that has come back, which is no error.
    if (!(reason instanceof Error)) return
    isOutage = true
    outage.note(reason)
  }

  function lose(reason: unknown) {
    lost += 1
    if (life.isOver) return
    note(reason)
    const reaction = toRefusal(reason)?.reaction
    // A server that only refuses writes still passes on the messages of other nodes.
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
