import type { AuthView } from '../../../machines/auth-view.ts'
import { resolveRecord } from '../../../machines/resolve-record.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../store/session-store.ts'
import { isSameOutcome, isSameProof, toOutcome, toRecord } from './session-outcome.ts'
import type { Outcome } from './session-outcome.ts'

/** Keeps the store's record of a session and the session itself the same. */
export interface RecordSync {
  /** Stores the outcome of a session if it is a new one. Resolves once the store has it, or failed and was logged. */
  keep(session: LiveSession): Promise<void>
  /** Takes over a stored record, if it wins over what the session proves. */
  merge(session: LiveSession, record: SessionRecord): void
  /** Whether the store has who is signed in, though perhaps not the last renewal. */
  isKnown(session: LiveSession): boolean
  /** The store does not have its record: stores it, or what has become of it. */
  /** → whether the store had indeed none */
  restore(session: LiveSession): Promise<boolean>
  /** Has the record of an ended session forgotten. */
  forget(session: LiveSession): void
}

export interface RecordSyncOptions {
  readonly store: SessionStore
  /** Epoch ms. */
  readonly clock: () => number
  /** Ms. */
  readonly clockTolerance: number
  readonly logger: Logger
}

interface Kept {
  storedRev: number | null
  /** The Clerk session of the stored record. */
  sessionId: string | null
  outcome: Outcome
  /** The stored record says that no request has brought the session's cookie. */
  isUnclaimed: boolean
  /** The record on its way to the store. */
  sent: SessionRecord | null
  isWriting: boolean
  /** Resolves when the writing is over, if there is one. */
  written: Promise<void>
  /** What changes now comes from the store, and need not go back there. */
  isAdopting: boolean
  /** The store had a record where none was expected. */
  isContested: boolean
}

/** A signed-out record only spares other nodes a question, ms. */
const signedOutFor = 60_000
/**
 * What is stored has a `rev` of a round number: it outranks whatever happened since the last one to a single node's view,
 * such as a refused token, of which the others know nothing.
 */
const revStep = 1_024
const toRevBefore = (storedRev: number) => (Math.floor(storedRev / revStep) + 1) * revStep - 1
const over = Promise.resolve()
/** Rounds of compare-and-set before the record is left to whoever else is writing it. */
const maxRounds = 5

export function createRecordSync(options: RecordSyncOptions): RecordSync {
  const { store, clock, clockTolerance, logger } = options
  const keeping = new WeakMap<LiveSession, Kept>()

  const keptOf = (session: LiveSession): Kept => {
    const known = keeping.get(session)
    if (known) return known
    const kept: Kept = {
      storedRev: null,
      sessionId: null,
      outcome: null,
      isUnclaimed: false,
      sent: null,
      isWriting: false,
      written: over,
      isAdopting: false,
      isContested: false,
    }
    keeping.set(session, kept)
    return kept
  }
  const isEnded = ({ userId, sessionId, issuedAt }: SessionRecord) =>
    userId !== null &&
    sessionId !== null &&
    issuedAt !== null &&
    store.findTombstone({ userId, sessionId, issuedAt }) !== null

  /**
   * A session that never signed in leaves no record. One that signed out has its tombstone stored first: a node that
   * finds it signed out has nothing to addTombstone, and acknowledges a sign-out by that.
   */
  const isDue = (session: LiveSession, view: AuthView, { outcome, storedRev }: Kept) =>
    view.authChecked &&
    (view.isSignedIn || (storedRev !== null && !session.state.isTombstoneOwed)) &&
    !isSameOutcome(view, outcome)

  /** Other nodes keep a session that was unclaimed when it was stored for a short time only. */
  const isClaimDue = ({ state }: LiveSession, view: AuthView, { isUnclaimed }: Kept) =>
    view.isSignedIn && isUnclaimed && !state.isUnclaimed

  /** A claim changes nothing that a view shows, and so not its `rev` either. */
  const toNextRev = (session: LiveSession, { storedRev }: Kept, isDecided: boolean) =>
    isDecided || storedRev === null ? session.outrank(toRevBefore(storedRev ?? 0)) : storedRev + 1

  /** Ends in the very moment of its last look: a later change is written by another call. */
  async function write(session: LiveSession, kept: Kept) {
    kept.isWriting = true
    try {
      for (let round = 0; round < maxRounds; round += 1) {
        const view = session.view()
        const isDecided = isDue(session, view, kept)
        if (!isDecided && !isClaimDue(session, view, kept)) return
        const record = toRecord(session, view, toNextRev(session, kept, isDecided))
        const until = record.expiresAt === null ? clock() + signedOutFor : record.expiresAt + clockTolerance
        kept.sent = record
        const result = await store.write(record, { expectedRev: kept.storedRev, until })
        if (result.written) {
          note(kept, record)
          if (isDecided) session.state.isFollower = false
        } else {
          // What is stored counts, even where a store has lost what it once had.
          kept.storedRev = null
          kept.sessionId = null
          kept.isContested = result.current !== null
          if (result.current) merge(session, result.current)
        }
      }
    } catch (error) {
      // What is proven here stays proven: only other nodes, and a restart, do without it.
      logger.error('store.failed', { method: 'write', error })
    } finally {
      kept.sent = null
      kept.isWriting = false
      kept.written = over
    }
  }

  function note(kept: Kept, mine: SessionRecord, stored = mine) {
    noteStored(kept, stored)
    kept.outcome = toOutcome(mine)
  }

  function noteStored(kept: Kept, { rev, sessionId, isUnclaimed }: SessionRecord) {
    kept.storedRev = rev
    kept.sessionId = sessionId
    kept.isUnclaimed = isUnclaimed === true
  }

  function merge(session: LiveSession, record: SessionRecord) {
    const kept = keptOf(session)
    if (record.rev <= (kept.storedRev ?? 0)) return
    if (!record.isUnclaimed) session.state.isUnclaimed = false
    // Of the same proof too: a tab may have come further at another node.
    session.state.seqs.merge(record.seqByTab)
    const view = session.view()
    const mine = toRecord(session, view)
    if (isSameProof(mine, record)) {
      note(kept, mine, record)
      session.outrank(record.rev - 1)
      return
    }
    // A node that has decided nothing since follows; one that has may be right, and then writes again.
    const isConflict = isDue(session, view, kept)
    const standing = isConflict ? resolveRecord(mine, record, isEnded) : record
    noteStored(kept, record)
    if (isConflict && isSameProof(standing, mine)) return
    session.state.isFollower = true
    kept.isAdopting = true
    // A sign-out ends it even where this node's clock says that it is over already.
    if (record.sessionId !== null && record.issuedAt !== null) {
      session.state.lastProven = { sessionId: record.sessionId, issuedAt: record.issuedAt }
    }
    session.adopt(record)
    kept.isAdopting = false
    const adopted = toRecord(session, session.view())
    kept.outcome = toOutcome(adopted)
    // Where this node knows better, what it shows is the later word, wherever the record itself is shown.
    session.outrank(isSameProof(adopted, record) ? record.rev - 1 : record.rev)
  }

  function keep(session: LiveSession): Promise<void> {
    const kept = keptOf(session)
    if (kept.isAdopting) return over
    if (kept.isWriting) return kept.written
    const written = write(session, kept)
    if (kept.isWriting) kept.written = written
    return written
  }

  return {
    keep,
    merge(session, record) {
      const kept = keptOf(session)
      const { sent } = kept
      // What is on its way has come back before the answer: it is stored, whatever becomes of that.
      if (sent?.rev === record.rev && isSameProof(sent, record)) {
        note(kept, sent)
      } else {
        merge(session, record)
        void keep(session)
      }
    },
    isKnown(session) {
      const { sessionId } = session.view()
      return sessionId === null || sessionId === keptOf(session).sessionId
    },
    async restore(session) {
      const kept = keptOf(session)
      while (kept.isWriting) await kept.written
      kept.storedRev = null
      kept.sessionId = null
      kept.outcome = null
      kept.isContested = false
      await keep(session)
      return !kept.isContested
    },
    forget(session) {
      const { storedRev } = keptOf(session)
      if (storedRev === null || session.state.isTombstoneOwed) return
      store
        .remove(session.id, storedRev)
        .catch((error: unknown) => logger.error('store.failed', { method: 'remove', error }))
    },
  }
}
