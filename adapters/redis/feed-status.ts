import { createWaits } from '../timing/waits.ts'
import type { RefusalReaction } from './redis-refusal.ts'

/**
 * The state of a node's feed:
 * - `loading`: The node does not know yet the tombstones from before it started.
 * - `current`: It knows them, it hears of everything new, and Redis stores its decisions.
 * - `behind`: It knows only what was known when Redis was lost or began to refuse.
 */
export type FeedState = 'loading' | 'current' | 'behind'

/** Time in which a node notices that Redis is back and stores the decisions that it made meanwhile, ms. */
const settleFor = 10_000

/** Keeps how far a node is up to date, and wakes those who wait for a change of that. */
export type FeedStatus = ReturnType<typeof createFeedStatus>

export function createFeedStatus() {
  const { wait, wakeAll } = createWaits()
  let state: FeedState = 'loading'
  let isHearing = false
  let isWaiting = false
  /** Number of losses. A recovery that began before a loss does not make up for it. */
  let losses = 0
  /** Number of those losses in which a message may have been missed. */
  let gaps = 0
  /** True if something went wrong since the state was last `current`. */
  let isOutage = false
  /** Moment when the last outage ended, by the monotonic clock. */
  let backAt = -Infinity
  let lostAt = -Infinity

  function enter(next: FeedState) {
    if (state === next) return
    state = next
    wakeAll()
  }

  function noteGap() {
    gaps += 1
    isHearing = false
  }

  return {
    get state() {
      return state
    },
    /** True while the node has read everything and hears of everything new, even if Redis takes no writes. */
    get isHearing() {
      return isHearing
    },
    /** True if Redis has refused a command and may accept it soon. */
    get isWaiting() {
      return isWaiting
    },
    /** True if the feed is current and the other nodes have also had time to recover from the last outage. */
    get isSettled() {
      return state === 'current' && performance.now() - backAt > settleFor
    },
    /** Moment when Redis was last lost, ms of the monotonic clock. */
    get lostAt() {
      return lostAt
    },
    get losses() {
      return losses
    },
    get gaps() {
      return gaps
    },
    /** Resolves when the state changes, or after `ms`, and at once if `ms` is 0 or less. */
    changed: wait,
    wakeAll,
    /** Notes that the node has read everything, if no message was missed since `gapsBefore` were counted. */
    noteRead(gapsBefore: number) {
      if (gapsBefore === gaps) isHearing = true
    },
    noteOutage() {
      isOutage = true
    },
    noteLoss(reaction: RefusalReaction | undefined) {
      // A server that only refuses writes still passes on the messages of other nodes.
      if (reaction !== 'fix') noteGap()
      isWaiting = reaction === 'wait' || reaction === 'reconnect'
      if (state !== 'current') return
      lostAt = performance.now()
      enter('behind')
    },
    countLoss() {
      losses += 1
    },
    noteRecovery() {
      if (isOutage) backAt = performance.now()
      isOutage = false
      isWaiting = false
    },
    enterCurrent: () => enter('current'),
    /** Begins from the start again, as if the node had read nothing. */
    restart() {
      losses += 1
      noteGap()
      enter('loading')
    },
  }
}
