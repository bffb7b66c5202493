import type { Logger } from '../logger.ts'
import type { FeedState } from './feed-status.ts'
import type { OwedRotations } from './owed-rotations.ts'
import type { RollCall } from './roll-call.ts'
import { shareNext } from './share-next.ts'
import type { TombstoneSync } from './tombstone-sync.ts'

/** Brings a node and Redis to the same knowledge. */
export interface CatchUp {
  /** Reads the tombstones that were added since the last time. */
  readonly readTombstones: () => Promise<void>
  /** Reads what the node has missed. A node that is loading first has the other nodes complete the logs. */
  readonly read: (state: FeedState) => Promise<void>
  /** Makes sure that Redis takes writes, and stores what it still has to get. */
  readonly confirm: (state: FeedState) => Promise<void>
  /**
   * Makes sure that the log has every tombstone of this node, and tells the caller. A node that starts has none to add.
   */
  answer(caller: string, state: FeedState): Promise<void>
  /** Has the next reading begin from the start, because what was read so far may not count. */
  forget(): void
  /** True once something was read. */
  readonly hasBegun: boolean
}

export interface CatchUpOptions {
  readonly sync: TombstoneSync
  readonly rollCall: RollCall
  readonly rotations: Pick<OwedRotations, 'settle'>
  readonly probe: (isThorough: boolean) => Promise<void>
  /** @returns True if a tombstone counts by the rules of the servers that use the store */
  readonly isGenuine: Parameters<TombstoneSync['forget']>[0]
  /** Called when everything is stored again after an outage. */
  readonly onBack: () => void
  readonly logger: Logger
}

/** The most repairs of the log before another node is told that the log is complete. */
const repairs = 3

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { sync, rollCall, rotations, probe, isGenuine, onBack, logger } = options
  let hasBegun = false
  let isStale = false

  const readTombstones = shareNext(() => {
    if (isStale) sync.forget(isGenuine)
    isStale = false
    return sync.read()
  })

  /**
   * Repairs the logs. A full Redis may drop one log to make room for another, so they are read again after a repair.
   */
  async function repairLog() {
    for (let round = 0; round < repairs; round += 1) {
      await readTombstones()
      if (!(await sync.restore())) return
    }
  }

  return {
    readTombstones,
    async read(state) {
      hasBegun = true
      if (state === 'loading') {
        await probe(true)
        await rollCall.ask()
      }
      await readTombstones()
    },
    async confirm(state) {
      await probe(state === 'behind')
      await sync.restore()
      if (state !== 'behind') return
      await rotations.settle()
      onBack()
    },
    async answer(caller, state) {
      if (rollCall.isOwn(caller)) return
      try {
        if (state !== 'loading') await repairLog()
        await rollCall.answer(caller)
      } catch (error) {
        logger.debug('redis.behind', { error })
      }
    },
    forget() {
      isStale = true
    },
    get hasBegun() {
      return hasBegun
    },
  }
}
