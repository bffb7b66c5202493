import { contain } from '../../machines/contain.ts'
import { SyncError, type SyncFailure } from '../../machines/sync-error.ts'
import type { SyncActor } from './create-auth-client.ts'
import { warnOnce } from './warn-once.ts'

/** Tells of the failures that the sync machine notes. */
export interface Failures {
  /** Keeps the error behind a failure until the machine notes it, for the sake of its cause. */
  readonly explain: (error: SyncError) => void
  /** Tells of every failure of an actor from now on: those that are retried too. */
  readonly watch: (actor: SyncActor) => void
}

export function createFailures(onError: ((error: SyncError) => void) | undefined): Failures {
  let known: SyncError | null = null

  function tell(failure: SyncFailure) {
    const isKnown = known?.code === failure.code && known.message === failure.message
    const error = isKnown ? known! : new SyncError(failure.code, failure.message, failure)
    known = null
    warnOnce(error)
    contain(() => onError?.(error))
  }

  return {
    explain(error) {
      known = error
    },
    watch(actor) {
      let session: SyncFailure | null = null
      let stream: SyncFailure | null = null
      actor.subscribe(({ context: { failure, streamFailure } }) => {
        const isNewInStream = streamFailure !== stream
        // A session that waits for a failed stream takes its failure over.
        const isNewInSession = failure !== session && failure !== streamFailure
        stream = streamFailure
        session = failure
        if (streamFailure && isNewInStream) tell(streamFailure)
        if (failure && isNewInSession) tell(failure)
      })
    },
  }
}
