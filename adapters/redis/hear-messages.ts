import type { StoreChange } from '../hub/store/session-store.ts'
import type { Guards } from '../hub/store/store-guards.ts'
import type { Logger } from '../logger.ts'
import type { CatchUp } from './catch-up.ts'
import type { ChangeFeed } from './change-feed.ts'
import { type RollCall, rollCallKinds } from './roll-call.ts'
import { readMessage } from './store-message.ts'
import type { TombstoneSync } from './tombstone-sync.ts'

export interface HearMessagesOptions {
  readonly catchUp: Pick<CatchUp, 'answer'>
  readonly rollCall: Pick<RollCall, 'hear'>
  readonly sync: Pick<TombstoneSync, 'hear'>
  readonly guard: Pick<Guards, 'isGenuine'>
  readonly status: Pick<ChangeFeed['status'], 'state'>
  readonly tell: (change: StoreChange) => void
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Creates the function that acts on a message of another node. */
export function createHearMessages(options: HearMessagesOptions): (message: string) => void {
  const { catchUp, rollCall, sync, guard, status, tell, clock, logger } = options

  return (message) => {
    try {
      const { kind, id, toChange } = readMessage(message)
      if (kind === rollCallKinds.call) return void catchUp.answer(id ?? '', status.state)
      if (kind === rollCallKinds.answer) return rollCall.hear(id ?? '')
      const change = toChange(clock())
      if (change.type !== 'tombstone') tell(change)
      else if (guard.isGenuine(change.tombstone)) sync.hear(change.tombstone)
    } catch (error) {
      logger.error('redis.message.failed', { error })
    }
  }
}
