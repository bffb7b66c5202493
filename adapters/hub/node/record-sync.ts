import type { AuthView } from '../../../machines/auth-view.ts'
import { resolveRecord } from '../../../machines/resolve-record.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { SessionStore } from '../store/session-store.ts'
import { isSameOutcome, isSameProof, toOutcome, toRecord } from './session-outcome.ts'
import type { Outcome } from './session-outcome.ts'

/** Keeps a session and its record in the store the same. */
export interface RecordSync {
  /** Stores the outcome of a session if it is new. Resolves once the store has it, or once it failed and was logged. */
  keep(session: LiveSession): Promise<void>
  /** Takes over a stored record, if it wins over what the session proves. */
  merge(session: LiveSession, record: SessionRecord): void
  /** @returns true if the store has the current sign-in, even if it lacks the last renewal */
  isKnown(session: LiveSession): boolean
  /** Stores a record that the store has lost, or takes over the one that another node has put there. */
  /** @returns true if the store had indeed none */
  restore(session: LiveSession): Promise<boolean>
  /** Removes the record of an ended session. */
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
  /** True if the stored record says that no request has brought the cookie of the session. */
  isUnclaimed: boolean
  /** The record that is being written to the store. */
  sent: SessionRecord | null
  isWriting: boolean
  /** Resolves when the current write has ended, or at once if there is none. */
  written: Promise<void>
  /** True while a stored record is taken over: a change then comes from the store and need not be written back. */
  isAdopting: boolean
  /** True if the store had a record where none was expected. */
  isContested: boolean
}

/** How long a signed-out record is kept, ms: it only saves other nodes a question. */
const signedOutFor = 60_000
/**
 * A record is stored with a `rev` that is a multiple of this. So it outranks the changes since the last stored record
 * that only one node knows of, such as a refused token.
 */
const revStep = 1_024
const toRevBefore = (storedRev: number) => (Math.floor(storedRev / revStep) + 1) * revStep - 1
const over = Promise.resolve()
/** Rounds of compare-and-set before the record is left to the other node that is writing it. */
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
   * A session that never signed in leaves no record. A session that signed out has its tombstone stored first: a node
   * that finds it signed out has no tombstone to add, and so acknowledges a sign-out at once.
   */
  const isDue = (session: LiveSession, view: AuthView, { outcome, storedRev }: Kept) =>
    view.authChecked &&
    (view.isSignedIn || (storedRev !== null && !session.state.isTombstoneOwed)) &&
    !isSameOutcome(view, outcome)

  /**
   * True if a request has brought the cookie since the record was stored: other nodes keep an unclaimed session for a
   * short time only.
   */
  const isClaimDue = ({ state }: LiveSession, view: AuthView, { isUnclaimed }: Kept) =>
    view.isSignedIn && isUnclaimed && !state.isUnclaimed

  /** A claim changes nothing that a view shows, so it does not change the `rev` of the view either. */
  const toNextRev = (session: LiveSession, { storedRev }: Kept, isDecided: boolean) =>
    isDecided || storedRev === null ? session.outrank(toRevBefore(storedRev ?? 0)) : storedRev + 1

  /** Ends right after its last look at the session, so that another call writes any later change. */
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
          // The stored record counts, even if the store has lost what it once had.
          kept.storedRev = null
          kept.sessionId = null
          kept.isContested = result.current !== null
          if (result.current) merge(session, result.current)
        }
      }
    } catch (error) {
      // The identity stays proven on this node. Only other nodes, and this one after a restart, lack it.
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
    // A record of the same proof is merged too, because a tab may have sent newer requests to another node.
    session.state.seqs.merge(record.seqByTab)
    const view = session.view()
    const mine = toRecord(session, view)
    if (isSameProof(mine, record)) {
      note(kept, mine, record)
      session.outrank(record.rev - 1)
      return
    }
    // A node that has decided nothing since the last record follows. A node that has decided may be right, and then
    // writes again.
    const isConflict = isDue(session, view, kept)
    const standing = isConflict ? resolveRecord(mine, record, isEnded) : record
    noteStored(kept, record)
    if (isConflict && isSameProof(standing, mine)) return
    session.state.isFollower = true
    kept.isAdopting = true
    // A sign-out must end this proof even if it has already expired by the clock of this node.
    if (record.sessionId !== null && record.issuedAt !== null) {
      session.state.lastProven = { sessionId: record.sessionId, issuedAt: record.issuedAt }
    }
    session.adopt(record)
    kept.isAdopting = false
    const adopted = toRecord(session, session.view())
    kept.outcome = toOutcome(adopted)
    // If this node knows better than the record, its view gets a higher `rev` than the view of the record elsewhere.
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
      // The store reported the record before it answered the write, so the record counts as stored whatever the answer
      // is.
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
