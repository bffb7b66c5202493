import type { AuthView, ServerView } from '../../../machines/auth-view.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import { toIssuedAt } from '../../../machines/verified-session.ts'
import type { LiveSession } from '../session/live-session.ts'
import type { TabSeqs } from '../session/tab-seqs.ts'
import type { SessionLifetimes } from './session-lifetimes.ts'

const none = Promise.resolve()

/**
 * A record is stored with a `rev` that is a multiple of this. So it outranks the changes since the last stored record
 * that only one node knows of, such as a refused token.
 */
const revStep = 1_024
const toRevBefore = (storedRev: number) => (Math.floor(storedRev / revStep) + 1) * revStep - 1

/**
 * The part of a view that a record stores, so that a node does not hold a second record for each of its sessions. Its
 * members are compared by reference, because a machine replaces them whole.
 */
type Outcome = Pick<AuthView, 'isSignedIn' | 'claims' | 'user'>

/** The knowledge that this node has of the stored record of one session. */
export class KeptRecord {
  storedRev: number | null = null
  /** The Clerk session of the stored record. */
  sessionId: string | null = null
  /** True if the store had a record where none was expected. */
  isContested = false
  /** True while a stored record is taken over: a change then comes from the store and need not be written back. */
  isAdopting = false
  /** The record that is being written to the store. */
  sent: SessionRecord | null = null
  isWriting = false
  /** Resolves when the current write has ended. */
  written: Promise<void> = none
  #outcome: Outcome | null = null
  /** The last use that the stored record tells of, epoch ms. */
  #usedAt = 0
  /** True if the stored record says that no request has brought the cookie of the session. */
  #isUnclaimed = false
  /** The {@link TabSeqs.news} of the session that the stored record tells of. */
  #news = 0

  /** The end of the work that makes a further write unnecessary for now, or null if there is none. */
  get underWay(): Promise<void> | null {
    if (this.isAdopting) return none
    return this.isWriting ? this.written : null
  }

  /** Notes that a write has ended. Its promise is not kept, because every session would keep one. */
  noteWritten() {
    this.sent = null
    this.isWriting = false
    this.written = none
  }

  /** Notes the record that the store has, and the outcome of the session that need not be stored any more. */
  noteStored({ rev, sessionId, isUnclaimed, lastUsedAt = 0 }: SessionRecord, outcome: SessionRecord | null) {
    this.storedRev = rev
    this.sessionId = sessionId
    this.#isUnclaimed = isUnclaimed === true
    this.#usedAt = lastUsedAt
    if (outcome) this.noteOutcome(outcome)
  }

  /** Notes that the stored record has the requests that the tabs of the session have sent to this node so far. */
  noteTold(news: TabSeqs['news']) {
    this.#news = news
  }

  noteOutcome({ status, claims, user }: SessionRecord) {
    this.#outcome = { isSignedIn: status === 'signedIn', claims, user }
  }

  /** Notes that the store has no record of the session, or another one than was expected. */
  noteMissing(current: SessionRecord | null) {
    this.storedRev = null
    this.sessionId = null
    this.isContested = current !== null
  }

  /** Notes that the store has lost what it had, so that the current outcome is to be stored again. */
  noteLost() {
    this.noteMissing(null)
    this.#outcome = null
  }

  /**
   * A session that never signed in leaves no record. A session that signed out has its tombstone stored first: a node
   * that finds it signed out has no tombstone to add, and so acknowledges a sign-out at once.
   */
  isDue(session: LiveSession, view: AuthView, lifetimes: SessionLifetimes | null): boolean {
    const outcome = this.#outcome
    const isSame =
      outcome?.isSignedIn === view.isSignedIn && outcome.claims === view.claims && outcome.user === view.user
    return !isSame && this.#isKept(session, view, lifetimes)
  }

  #isKept(session: LiveSession, view: AuthView, lifetimes: SessionLifetimes | null): boolean {
    if (!view.authChecked || view.isSignedIn) return view.authChecked
    return this.storedRev !== null && !session.state.isTombstoneOwed && !(lifetimes?.isLapsed(session) ?? false)
  }

  /**
   * True if a tab has sent a newer request that changed nothing: an older one of the same tab may still be on its way to
   * another node. A token that is being checked brings the write itself.
   */
  isSeqDue(session: LiveSession, view: AuthView, lifetimes: SessionLifetimes | null): boolean {
    const isNew = this.storedRev !== null && session.state.seqs.news > this.#news
    return isNew && !session.isChecking && this.#isKept(session, view, lifetimes)
  }

  /**
   * True if a request has brought the cookie since the record was stored: other nodes keep an unclaimed session for a
   * short time only.
   */
  isClaimDue({ state }: LiveSession, view: AuthView): boolean {
    return view.isSignedIn && this.#isUnclaimed && !state.isUnclaimed
  }

  /** True if other nodes have to know of a use, because the lifetime of the session depends on it. */
  isUseDue({ state: { signIn } }: LiveSession, view: AuthView, lifetimes: SessionLifetimes | null): boolean {
    return view.isSignedIn && signIn !== null && (lifetimes?.isUseDue(signIn.usedAt, this.#usedAt) ?? false)
  }

  /** A claim, a use or a `seq` changes nothing that a view shows, so it does not change the `rev` of the view either. */
  toNextRev(session: LiveSession, isDecided: boolean): number {
    const { storedRev } = this
    return isDecided || storedRev === null ? session.outrank(toRevBefore(storedRev ?? 0)) : storedRev + 1
  }
}

/** The record of a session as it is now. */
export function toRecord(session: LiveSession, view: ServerView, rev = view.rev): SessionRecord {
  const { signIn, seqs, isUnclaimed } = session.state
  return {
    id: session.id,
    channel: session.channel,
    rev,
    status: view.isSignedIn ? 'signedIn' : 'signedOut',
    claims: view.claims,
    user: view.user,
    userId: view.userId,
    sessionId: view.sessionId,
    orgId: view.orgId,
    issuedAt: toIssuedAt(view.claims),
    expiresAt: view.expiresAt,
    ...(signIn?.sessionId === view.sessionId && { signedInAt: signIn.at, lastUsedAt: signIn.usedAt }),
    seqByTab: seqs.toJSON(),
    ...(isUnclaimed && { isUnclaimed: true }),
  }
}

/** @returns true if two records are about the same proof, with the same profile */
export function isSameProof(a: SessionRecord, b: SessionRecord): boolean {
  return (
    a.status === b.status &&
    a.userId === b.userId &&
    a.sessionId === b.sessionId &&
    a.orgId === b.orgId &&
    a.issuedAt === b.issuedAt &&
    a.expiresAt === b.expiresAt &&
    a.user?.id === b.user?.id
  )
}
