import { contain } from '../../machines/contain.ts'
import { SyncError, type SyncFailure } from '../../machines/sync/sync-error.ts'
import type { SyncActor } from './view-changes.ts'
import { warnOnce } from './warn-once.ts'

/** From a start on, every failure is told for so long, ms. */
const openness = 5_000

/** Tells of the failures that the sync machine notes. */
export interface Failures {
  /** Keeps the error behind a failure until the machine notes it, for the sake of its cause. */
  readonly explain: (error: SyncError) => void
  /** The client starts: the next 5 s count as its first ones. */
  readonly begin: () => void
  /** Tells of the failures of an actor from now on: those that are retried too. */
  readonly watch: (actor: SyncActor) => void
}

/**
 * Of the failures of the first 5 s each one is told. Later on a failure that only goes on is not: it is told where it is the
 * first in a row, or its code is another one than before. What did not hold for a while in between counts as one row, so
 * that a connection which comes and goes floods no log.
 */
export function createFailures(onError: ((error: SyncError) => void) | undefined, now: () => number): Failures {
  let known: SyncError | null = null
  let begunAt = 0

  /** Tells of one region of the machine. */
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
        // A session that waits for a failed stream takes its failure over.
        tellOfSession(failure, attempts, failure === streamFailure)
      })
    },
  }
}
