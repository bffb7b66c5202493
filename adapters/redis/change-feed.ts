import { fullJitter } from '../../machines/backoff.ts'
import type { Logger } from '../logger.ts'
import { setUnrefTimeout } from '../timing/unref-clock.ts'
import { createFeedStatus, type FeedState, type FeedStatus } from './feed-status.ts'
import { createOutageLog } from './outage-log.ts'
import { isReply, toRefusal } from './redis-refusal.ts'

/** Keeps a node up to date with the other nodes. */
export interface ChangeFeed {
  readonly status: Pick<FeedStatus, 'state' | 'isHearing' | 'isWaiting' | 'isSettled' | 'lostAt' | 'changed'>
  /**
   * Reports that a message may have been missed, or that Redis refuses. The node then tries to catch up until that
   * works.
   */
  lose(reason: unknown): void
  /** Starts again, so that everything is read as at a start. */
  restart(): void
  close(): void
}

export interface ChangeFeedOptions {
  /** Subscribes to every channel of the node. Rejects if that is not possible now. */
  readonly listen: () => Promise<void>
  /** @returns True if messages may have been lost without a word since the last call */
  readonly haveMoved: () => boolean
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
const retries = { first: 50, most: 2_000 }

export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { listen, haveMoved, read, confirm, leave, logger } = options
  const status = createFeedStatus()
  const outage = createOutageLog(logger)
  let isClosed = false
  let isRecovering = false
  let attempts = 0
  const isDue = () => status.state !== 'current' && !isClosed

  async function catchUp() {
    const before = status.gaps
    await read(status.state)
    status.noteRead(before)
    // This comes last, so that the reading is known to come from a server that takes writes.
    await confirm(status.state)
  }

  async function tryToRecover() {
    const before = status.losses
    try {
      // The node subscribes before it reads, so that it misses nothing in between.
      await listen()
      haveMoved()
      await catchUp()
    } catch (error) {
      if (isReply(error)) note(error)
      logger.debug('redis.behind', { error })
      throw error
    }
    if (before !== status.losses) return
    status.noteRecovery()
    attempts = 0
    outage.end()
    status.enterCurrent()
  }

  async function recover() {
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
    status.noteOutage()
    outage.note(reason)
  }

  function lose(reason: unknown) {
    status.countLoss()
    if (isClosed) return
    note(reason)
    status.noteLoss(toRefusal(reason)?.reaction)
    void recover()
  }

  const check = setInterval(() => {
    if (haveMoved()) lose('Slots have moved')
    else if (status.state === 'current' && !isClosed) void catchUp().catch(lose)
  }, checkEvery)
  if (typeof check === 'object') check.unref()

  void recover()

  return {
    status,
    lose,
    restart() {
      status.restart()
      void recover()
    },
    close() {
      isClosed = true
      clearInterval(check)
      status.wakeAll()
    },
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setUnrefTimeout(resolve, ms)
  })
