import { fullJitter } from '../../machines/backoff.ts'
import type { Logger } from '../logger.ts'
import { setUnrefTimeout } from '../unref-clock.ts'
import { createWaits } from '../waits.ts'
import type { RedisSubscriber } from './redis-client.ts'
import { shards } from './redis-keys.ts'
import type { RedisKeys } from './redis-keys.ts'

/**
 * `loading`: what was buried before this node started is not known yet. `current`: everything is, and is being told.
 * `behind`: what was known when Redis was lost.
 */
export type FeedState = 'loading' | 'current' | 'behind'

/** Keeps a node in step with what the others do. */
export interface ChangeFeed {
  readonly state: FeedState
  /** Current, and the others have had time to come back from the last outage too. */
  readonly isSettled: boolean
  /** When Redis was lost last, ms of the monotonic clock. */
  readonly lostAt: number
  /** Something may have been missed, or may be: catches up, again and again until that has worked. */
  lose(error: unknown): void
  /** Resolves when the state is no longer what it is, or after `ms`: at once where that is 0 or less. */
  changed(ms: number): Promise<void>
  close(): void
}

export interface ChangeFeedOptions {
  readonly subscriber: RedisSubscriber
  readonly keys: RedisKeys
  readonly onMessage: (message: string) => void
  /** Reads what was missed. `isBack`: after a loss, not for the first time and not just to make sure. */
  readonly catchUp: (isBack: boolean) => Promise<void>
  readonly logger: Logger
}

/** How often to make sure that nothing was missed, ms: pub/sub gives no such promise. */
const checkEvery = 10_000
/** What a node may take to notice that Redis is back, and to store what it has decided meanwhile, ms. */
const settleFor = 10_000
const retries = { first: 50, most: 2_000 }
/** What a client, or a cluster of one of its nodes, says when messages may have been missed. */
const losses = ['error', 'reconnecting', 'node-error', 'node-ready', 'sharded-channel-moved-error'] as const

export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { subscriber, keys, onMessage, catchUp, logger } = options
  const { wait: changed, wakeAll } = createWaits()
  const life = { isOver: false }
  let state: FeedState = 'loading'
  let isRecovering = false
  let attempts = 0
  /** The loss has been logged: one line for each, however often it is tried to get back. */
  let isReported = false
  /** Counts the losses: what was read before one does not make up for it. */
  let lost = 0
  /** When the last outage was over, by the monotonic clock. */
  let backAt = -Infinity
  let lostAt = -Infinity
  let subscribed: Promise<unknown> | null = null

  function enter(next: FeedState) {
    if (state === next) return
    state = next
    wakeAll()
  }

  async function subscribe() {
    if (!subscriber.isOpen) await subscriber.connect()
    await Promise.all(shards.map((shard) => subscriber.sSubscribe(keys.channel(shard), onMessage)))
  }

  async function recover() {
    if (isRecovering || life.isOver) return
    isRecovering = true
    try {
      // Heard first, then read: what comes in between comes twice.
      await (subscribed ??= subscribe())
      while (!life.isOver && state !== 'current') {
        const before = lost
        try {
          // Ready means subscribed again.
          if (!subscriber.isReady) throw new Error('Redis is not connected')
          await catchUp(state === 'behind')
          if (before !== lost) continue
          attempts = 0
          enter('current')
          if (isReported) backAt = performance.now()
          isReported = false
          logger.info('redis.current')
        } catch (error) {
          logger.debug('redis.behind', { error })
          await pause(fullJitter((attempts += 1), retries, Math.random))
        }
      }
    } catch (error) {
      subscribed = null
      logger.error('redis.subscribe.failed', { error })
      setUnrefTimeout(() => void recover(), retries.most)
    } finally {
      isRecovering = false
    }
  }

  function lose(error: unknown) {
    lost += 1
    if (life.isOver) return
    if (error !== undefined && !isReported) {
      isReported = true
      logger.warn('redis.lost', { error })
    }
    if (state === 'current') {
      lostAt = performance.now()
      enter('behind')
    }
    void recover()
  }

  const check = setInterval(() => {
    if (state === 'current' && !life.isOver) void catchUp(false).catch(lose)
  }, checkEvery)
  if (typeof check === 'object') check.unref()

  for (const event of losses) subscriber.on(event, lose)
  void recover()

  return {
    get state() {
      return state
    },
    get isSettled() {
      return state === 'current' && performance.now() - backAt > settleFor
    },
    get lostAt() {
      return lostAt
    },
    lose,
    changed,
    close() {
      life.isOver = true
      clearInterval(check)
      wakeAll()
      subscriber.destroy()
    },
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setUnrefTimeout(resolve, ms)
  })
