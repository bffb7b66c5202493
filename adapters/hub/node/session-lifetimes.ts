import type { SessionRecord } from '../../../machines/session-record.ts'
import type { VerifiedSession } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import { createDeadlineQueue, type Deadline } from '../../timing/deadline-queue.ts'
import type { LiveSession } from '../session/live-session.ts'
import { continueSignIn, mergeSignIns, toSignIn, type SignIn } from '../session/sign-in.ts'
import type { SessionStore, Tombstone } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import { createStoredSignIns } from './stored-sign-ins.ts'

/** How long a sign-in may last, ms; Infinity for no bound. */
export interface Lifetime {
  /** Since the app last let a request in. */
  readonly idle: number
  /** Since the sign-in. */
  readonly absolute: number
}

/**
 * Ends each Clerk session on the server once it has lasted as long as it may. The lifetime belongs to the Clerk session
 * and not to one server session, because a browser that drops its cookie would otherwise begin another lifetime.
 */
export interface SessionLifetimes {
  /** The store, whose `findTombstone` also finds the Clerk sessions whose lifetime has just ended. */
  readonly store: SessionStore
  /**
   * Learns what is known of a Clerk session before a server session signs in with it. @returns null if there is nothing to
   * wait for
   */
  learn(session: LiveSession, verified: VerifiedSession): Promise<void> | null
  /** Notes the sign-in of a session, which continues an earlier one of the same Clerk session. */
  note(session: LiveSession, userId: string): void
  /**
   * Keeps in the store what is known of a Clerk session that a session has left for another one, because the record of
   * the session tells of the other one only. The user may come back to the first one, at any node.
   */
  keepLeft(sessionId: string): void
  /** Notes a use of a sign-in that has not ended. @returns true if it is time to tell other nodes of it */
  use(signIn: SignIn, now: number): boolean
  /** True if the record is of a Clerk session whose lifetime has ended. */
  isOver(record: SessionRecord): boolean
  /**
   * True if the proof of a session has only expired: its record is kept, so that a Clerk session that comes back continues
   * its lifetime.
   */
  isLapsed(session: LiveSession): boolean
  /** @returns when a record may be forgotten, epoch ms */
  keptUntil(record: SessionRecord): number
  /** True if a later use than the stored one has to be stored. */
  isUseDue(usedAt: number, storedAt: number): boolean
  /** Forgets the Clerk session of a session that has ended, unless another session here is signed in with it. */
  leave(session: LiveSession): void
  close(): void
}

export interface SessionLifetimesOptions {
  readonly lifetime: Lifetime
  readonly store: SessionStore
  /** True if a session of this node is signed in with a Clerk session. */
  readonly isHeld: (sessionId: string) => boolean
  readonly addTombstone: (tombstone: Tombstone) => Promise<unknown>
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** A Clerk session on this node. */
interface Entry extends Deadline {
  readonly userId: string
  /** From the first sign-in to the last use, of all server sessions that this node knows. */
  earliest: SignIn
  /** The use that other nodes were told of last. */
  toldAt: number
  due: number
}

/**
 * How long the end of a Clerk session is remembered, ms, and its record beyond the end of its lifetime: Clerk itself ends
 * a session after 7 days, unless the instance says otherwise.
 */
const rememberFor = 7 * 24 * 3_600_000
/** The longest time between two uses that other nodes are told of, ms. */
const longestStep = 60_000

export function createSessionLifetimes(options: SessionLifetimesOptions): SessionLifetimes {
  const { lifetime, store, isHeld, addTombstone, clock, logger } = options
  const { idle, absolute } = lifetime
  // Without an idle lifetime, other nodes need not know of a use.
  const step = idle === Infinity ? Infinity : Math.min(longestStep, idle / 10)
  const stored = createStoredSignIns({ store, clock, logger })
  const entries = new Map<string, Entry>()
  const deadlines = createDeadlineQueue<Entry>((entry) => void review(entry))
  let isClosed = false

  const toEnd = ({ at, usedAt }: SignIn) => Math.min(at + absolute, usedAt + idle)
  const isCurrent = (entry: Entry) => !isClosed && entries.get(entry.earliest.sessionId) === entry

  function arm(entry: Entry) {
    deadlines.delete(entry)
    entry.due = performance.now() + toEnd(entry.earliest) - clock()
    deadlines.add(entry)
  }

  function remember(userId: string, signIn: SignIn): Entry {
    const known = entries.get(signIn.sessionId)
    if (known) {
      known.earliest = mergeSignIns(known.earliest, signIn)
      return known
    }
    const entry: Entry = { userId, earliest: { ...signIn }, toldAt: signIn.usedAt, due: 0, place: -1 }
    entries.set(signIn.sessionId, entry)
    arm(entry)
    return entry
  }

  function forget(entry: Entry) {
    deadlines.delete(entry)
    if (isCurrent(entry)) entries.delete(entry.earliest.sessionId)
  }

  /** Looks at a Clerk session whose deadline has come: it may have been used since the deadline was set. */
  async function review(entry: Entry) {
    if (toEnd(entry.earliest) > clock()) return arm(entry)
    const isKnown = await readStored(entry.userId, entry.earliest.sessionId)
    if (!isCurrent(entry)) return
    if (toEnd(entry.earliest) > clock()) return arm(entry)
    // What was signed out or revoked meanwhile has its own tombstone.
    if (isKnown || isHeld(entry.earliest.sessionId)) end(entry)
    forget(entry)
  }

  function end({ earliest: { sessionId, at } }: Entry) {
    const now = clock()
    if (store.findTombstone({ userId: '', sessionId, issuedAt: at })) return
    logger.debug('session.expired', { rule: now >= at + absolute ? 'absolute' : 'idle' })
    void addTombstone(
      toTombstone({ kind: 'session', id: sessionId, revokedAt: now, reason: 'lifetime' }, now, now + rememberFor),
    )
  }

  /**
   * Learns what the store knows of a Clerk session.
   * @returns false if it has no record of it; if the store cannot tell, the lifetime goes by what this node knows
   */
  async function readStored(userId: string, sessionId: string): Promise<boolean> {
    const signIns = await stored.read(userId, sessionId)
    for (const signIn of signIns ?? []) if (signIn) remember(userId, signIn)
    return signIns === null || signIns.length > 0
  }

  async function learnStored(userId: string, sessionId: string) {
    await readStored(userId, sessionId)
    const entry = entries.get(sessionId)
    if (entry && toEnd(entry.earliest) <= clock()) end(entry)
  }

  const isOverFor = (sessionId: string) => {
    const entry = entries.get(sessionId)
    return entry !== undefined && clock() >= toEnd(entry.earliest)
  }

  return {
    store: {
      ...store,
      findTombstone: (session) =>
        store.findTombstone(session) ?? (isOverFor(session.sessionId) ? 'session-expired' : null),
    },
    learn(session, { userId, sessionId }) {
      if (session.identity.sessionId === sessionId) return null
      const { signIn } = session.state
      if (signIn?.sessionId === sessionId) remember(userId, signIn)
      return entries.has(sessionId) && !isOverFor(sessionId) ? null : learnStored(userId, sessionId)
    },
    note({ state }, userId) {
      if (state.signIn) continueSignIn(state, remember(userId, state.signIn).earliest)
    },
    keepLeft(sessionId) {
      const entry = entries.get(sessionId)
      if (!entry || store.findTombstone({ userId: entry.userId, sessionId, issuedAt: entry.earliest.at })) return
      void stored.keep(entry.userId, entry.earliest, toEnd(entry.earliest) + rememberFor)
    },
    use(signIn, now) {
      const entry = entries.get(signIn.sessionId)
      if (!entry || now >= toEnd(entry.earliest)) return false
      signIn.usedAt = now
      entry.earliest.usedAt = Math.max(entry.earliest.usedAt, now)
      if (now - entry.toldAt < step) return false
      entry.toldAt = now
      return true
    },
    isOver(record) {
      const signIn = toSignIn(record, clock())
      return signIn !== null && clock() >= toEnd(signIn)
    },
    isLapsed({ state: { signIn, lastProven } }) {
      if (!signIn) return false
      const issuedAt = lastProven?.issuedAt ?? 0
      return store.findTombstone({ userId: '', sessionId: signIn.sessionId, issuedAt }) === null
    },
    keptUntil(record) {
      const signIn = toSignIn(record, clock())
      return signIn ? toEnd(signIn) + rememberFor : 0
    },
    isUseDue: (usedAt, storedAt) => usedAt - storedAt >= step,
    leave({ state }) {
      const entry = state.signIn && entries.get(state.signIn.sessionId)
      if (entry && !isHeld(entry.earliest.sessionId)) forget(entry)
    },
    close() {
      isClosed = true
      for (const entry of entries.values()) deadlines.delete(entry)
    },
  }
}
