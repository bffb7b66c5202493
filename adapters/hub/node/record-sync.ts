import { resolveRecord } from '../../../machines/resolve-record.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Logger } from '../../logger.ts'
import type { LiveSession } from '../session/live-session.ts'
import { claim, noteStoredProof } from '../session/session-state.ts'
import { adoptSignIn } from '../session/sign-in.ts'
import type { SessionStore } from '../store/session-store.ts'
import { isSameProof, KeptRecord, toRecord } from './kept-record.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Keeps a session and its record in the store the same. */
export interface RecordSync {
  /** Stores the outcome of a session if it is new. Resolves once the store has it, or once it failed and was logged. */
  readonly keep: (session: LiveSession) => Promise<void>
  /** Takes over a stored record, if it wins over what the session proves. */
  merge(session: LiveSession, record: SessionRecord): void
  /** Does the same for the session of the record, if this node holds it. */
  follow(record: SessionRecord): void
  /** @returns true if the store has the current sign-in, even if it lacks the last renewal */
  isKnown(session: LiveSession): boolean
  /**
   * Stores a record that the store has lost, or takes over the one that another node has put there.
   * @returns true if the store had indeed none
   */
  restore(session: LiveSession): Promise<boolean>
  /** Removes the record of an ended session. */
  forget(session: LiveSession): void
}

export interface RecordSyncOptions {
  readonly registry: SessionRegistry
  readonly store: SessionStore
  /** Null if sessions may last as long as they are renewed. */
  readonly lifetimes: SessionLifetimes | null
  /** Epoch ms. */
  readonly clock: () => number
  /** Ms. */
  readonly clockTolerance: number
  readonly logger: Logger
}

/** How long a signed-out record is kept, ms: it only saves other nodes a question. */
const signedOutFor = 60_000
/** Rounds of compare-and-set before the record is left to the other node that is writing it. */
const maxRounds = 5

export function createRecordSync(options: RecordSyncOptions): RecordSync {
  const { registry, store, lifetimes, clock, clockTolerance, logger } = options
  const keeping = new WeakMap<LiveSession, KeptRecord>()

  function keptOf(session: LiveSession): KeptRecord {
    let kept = keeping.get(session)
    if (!kept) keeping.set(session, (kept = new KeptRecord()))
    return kept
  }

  function toUntil(record: SessionRecord): number {
    if (record.expiresAt === null) return clock() + signedOutFor
    return Math.max(record.expiresAt + clockTolerance, lifetimes?.keptUntil(record) ?? 0)
  }

  /** Ends right after its last look at the session, so that another call writes any later change. */
  async function write(session: LiveSession, kept: KeptRecord) {
    kept.isWriting = true
    try {
      for (let round = 0; round < maxRounds; round += 1) {
        const view = session.view()
        const isDecided = kept.isDue(session, view, lifetimes)
        const isDue =
          isDecided ||
          kept.isClaimDue(session, view) ||
          kept.isUseDue(session, view, lifetimes) ||
          kept.isSeqDue(session, view, lifetimes)
        if (!isDue) return
        const { news } = session.state.seqs
        const record = toRecord(session, view, kept.toNextRev(session, isDecided))
        kept.sent = record
        const result = await store.write(record, { expectedRev: kept.storedRev, until: toUntil(record) })
        if (result.written) {
          kept.noteStored(record, record)
          kept.noteTold(news)
          if (isDecided) session.state.isFollower = false
        } else {
          // The stored record counts, even if the store has lost what it once had.
          kept.noteMissing(result.current)
          if (result.current) takeOver(options, session, kept, result.current)
        }
      }
    } catch (error) {
      // The identity stays proven on this node. Only other nodes, and this one after a restart, lack it.
      logger.error('store.failed', { method: 'write', error })
    } finally {
      kept.noteWritten()
    }
  }

  function keep(session: LiveSession): Promise<void> {
    const kept = keptOf(session)
    if (kept.underWay) return kept.underWay
    const written = write(session, kept)
    if (kept.isWriting) kept.written = written
    return written
  }

  function merge(session: LiveSession, record: SessionRecord) {
    const kept = keptOf(session)
    const { sent } = kept
    // The store reported the record before it answered the write, so the record counts as stored whatever the answer
    // is.
    if (sent?.rev === record.rev && isSameProof(sent, record)) {
      kept.noteStored(sent, sent)
    } else {
      takeOver(options, session, kept, record)
      void keep(session)
    }
  }

  return {
    keep,
    merge,
    follow(record) {
      const session = registry.get(record.id)
      if (!session) return
      const { isUnclaimed } = session.state
      merge(session, record)
      // Another node has seen the cookie of the session.
      if (isUnclaimed && !session.state.isUnclaimed) registry.reconsider(session)
    },
    isKnown(session) {
      const { sessionId } = session.view()
      return sessionId === null || sessionId === keptOf(session).sessionId
    },
    async restore(session) {
      const kept = keptOf(session)
      while (kept.isWriting) await kept.written
      kept.noteLost()
      await keep(session)
      return !kept.isContested
    },
    forget(session) {
      const { storedRev } = keptOf(session)
      if (storedRev === null || session.state.isTombstoneOwed || lifetimes?.isLapsed(session)) return
      store
        .remove(session.id, storedRev)
        .catch((error: unknown) => logger.error('store.failed', { method: 'remove', error }))
    },
  }
}

/** Takes over a stored record, unless this node has decided since and its decision wins. */
function takeOver(options: RecordSyncOptions, session: LiveSession, kept: KeptRecord, record: SessionRecord) {
  const { store, lifetimes } = options
  if (record.rev <= (kept.storedRev ?? 0)) return
  if (!record.isUnclaimed) claim(session.state)
  const isOvertaken = session.state.seqs.isDecisionOvertaken(record.seqByTab)
  // A record of the same proof is merged too, because a tab may have sent newer requests to another node.
  session.state.seqs.merge(record.seqByTab)
  const view = session.view()
  const mine = toRecord(session, view)
  const isConflict = kept.isDue(session, view, lifetimes)
  const isSame = isSameProof(mine, record)
  kept.noteStored(record, isSame ? mine : null)
  if (isSame) {
    takeSignIn(options, session, record)
    session.outrank(record.rev - 1)
    return
  }
  // A node that has decided nothing since the last record follows, and so does one that has decided on a request which
  // the same tab has overtaken at another node. A node that has decided may be right, and then writes again.
  const isOver = (each: SessionRecord) => isEnded(store, each)
  if (isConflict && !isOvertaken && isSameProof(resolveRecord(mine, record, isOver), mine)) return
  session.state.isFollower = true
  adopt(options, session, kept, record)
}

function isEnded(store: SessionStore, { userId, sessionId, issuedAt }: SessionRecord): boolean {
  if (userId === null || sessionId === null || issuedAt === null) return false
  return store.findTombstone({ userId, sessionId, issuedAt }) !== null
}

function takeSignIn({ lifetimes, clock }: RecordSyncOptions, session: LiveSession, record: SessionRecord) {
  adoptSignIn(session.state, record, clock())
  if (record.userId !== null) lifetimes?.note(session, record.userId)
}

/** Has the machine of a session adopt a stored record. */
function adopt(options: RecordSyncOptions, session: LiveSession, kept: KeptRecord, record: SessionRecord) {
  const { sessionId, issuedAt } = record
  // A sign-out must end this proof even if it has already expired by the clock of this node.
  if (sessionId !== null && issuedAt !== null) noteStoredProof(session.state, { sessionId, issuedAt })
  kept.isAdopting = true
  takeSignIn(options, session, record)
  session.adopt(record)
  kept.isAdopting = false
  const adopted = toRecord(session, session.view())
  kept.noteOutcome(adopted)
  // If this node knows better than the record, its view gets a higher `rev` than the view of the record elsewhere.
  session.outrank(isSameProof(adopted, record) ? record.rev - 1 : record.rev)
}
