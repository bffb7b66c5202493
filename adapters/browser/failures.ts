import { contain } from '../../machines/contain.ts'
import { SyncError, type SyncFailure } from '../../machines/sync/sync-error.ts'
import type { SyncActor } from './view-changes.ts'
import { warnOnce } from './warn-once.ts'

/** Time after a start in which every failure is reported, ms. */
const openness = 5_000

/** Reports the failures that the sync machine notes. */
export interface Failures {
  /** Keeps the error behind a failure until the machine notes it, because the error has the cause. */
  readonly explain: (error: SyncError) => void
  /** Notes that the client starts, so that every failure of the next 5 s is reported. */
  readonly begin: () => void
  /** Reports the failures of an actor from now on, including those that are retried. */
  readonly watch: (actor: SyncActor) => void
}

/**
 * Creates the reporter of failures. In the first 5 s it reports each failure. Later it reports a failure only if it is
 * the first in a row or has another code than the one before. Successes that do not last do not end a row, so that a
 * connection which comes and goes does not flood the log.
 */
export function createFailures(onError: ((error: SyncError) => void) | undefined, now: () => number): Failures {
  let known: SyncError | null = null
  let begunAt = 0

  /** Creates the reporter of one region of the machine. */
  function createTeller() {
    let last: SyncFailure | null = null
    let code = ''
    return (failure: SyncFailure | null, attempts: number, isEcho = false) => {
      const isFirst = last === null && attempts <= 1
      const isNew = failure !== last && !isEcho
      last = failure
      if (!failure || !isNew) return
      const age = now() - begunAt
      const isTold = (age >= 0 && age < openness) || isFirst || failure.code !== code
      code = failure.code
      const isKnown = known?.code === failure.code && known.message === failure.message
      const error = isKnown ? known! : new SyncError(failure.code, failure.message, failure)
      known = null
      if (!isTold) return
      warnOnce(error)
      contain(() => onError?.(error))
    }
  }

  return {
    explain(error) {
      known = error
    },
    begin() {
      begunAt = now()
    },
    watch(actor) {
      const tellOfStream = createTeller()
      const tellOfSession = createTeller()
      actor.subscribe(({ context: { failure, streamFailure, attempts, streamAttempts } }) => {
        tellOfStream(streamFailure, streamAttempts)
        // A session that waits for a failed stream takes over its failure.
        tellOfSession(failure, attempts, failure === streamFailure)
      })
    },
  }
}
