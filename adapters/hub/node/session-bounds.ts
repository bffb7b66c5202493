import { AuthError } from '../../../machines/auth-error.ts'
import { createIdentityIndex } from './identity-index.ts'
import type { IdentityIndex } from './identity-index.ts'
import type { LiveSession } from '../session/live-session.ts'
import { SessionsByKey } from './sessions-by-key.ts'

/** How many sessions each of these may have on a node. */
export interface SessionLimits {
  readonly sessionsPerClerkSession: number
  readonly sessionsPerUser: number
  /** Default: any number. */
  readonly sessionsPerAddress?: number
}

/** Whom a verified token names. */
export interface VerifiedIdentity {
  readonly userId: string
  readonly sessionId: string
}

/** Bounds what one Clerk session, one user and one client's address can hold, so that none of them fills the node. */
export interface SessionBounds {
  /**
   * Makes room for a session that is about to sign in, and counts it as if it had: many tokens may be checked at once.
   * A renewal needs no room.
   * @throws AuthError `too-many-sessions`
   */
  reserve(session: LiveSession, identity: VerifiedIdentity): void
  /** Takes back what a session reserved, because nothing that it sent is being decided. */
  release(session: LiveSession): void
  /** Takes back what a session reserved for the very identity that it is signed in with by now, and so counts for. */
  settle(session: LiveSession): void
  /**
   * Makes room for a new session of a client's address. One that is anonymous takes the place of another such one alone, or
   * of one whose cookie never came back. One that is signed in may also take the place of an anonymous one with a stream.
   * @throws AuthError `too-many-sessions`
   */
  add(session: LiveSession): void
  delete(session: LiveSession): void
}

export interface SessionBoundsOptions {
  readonly limits: SessionLimits
  /** The sessions that are signed in. */
  readonly identities: IdentityIndex
  /** @returns the session that can be spared the most, or null where all of them are in use */
  readonly findSpare: (sessions: readonly LiveSession[]) => LiveSession | null
  /** @returns the first session that is anonymous or unclaimed and that no request works on, though it may have a stream */
  readonly findAnonymous: (sessions: readonly LiveSession[]) => LiveSession | null
  readonly remove: (session: LiveSession) => void
}

/** How long a session that a request has asked for counts as in use, ms. */
export const recentFor = 30_000

export function createSessionBounds(options: SessionBoundsOptions): SessionBounds {
  const { limits, identities, findSpare, findAnonymous, remove } = options
  const { sessionsPerClerkSession, sessionsPerUser, sessionsPerAddress = Infinity } = limits
  const expected = createIdentityIndex()
  const addresses = new SessionsByKey()

  /** Looks at the sessions of one owner alone, and at those only where the bound is reached. */
  function makeRoom(
    others: number,
    limit: number,
    toSessions: () => readonly LiveSession[],
    owner: string,
    find = findSpare,
  ) {
    if (others < limit) return
    const spare = find(toSessions())
    if (spare) return remove(spare)
    throw new AuthError(
      'too-many-sessions',
      `${owner} has as many sessions here as it may, and all of them are in use`,
      {
        retryAfter: recentFor,
      },
    )
  }

  function makeRoomFor(session: LiveSession, kind: 'session' | 'user', id: string, limit: number, owner: string) {
    const others = identities.countOthers(kind, id, session) + expected.countOthers(kind, id, session)
    makeRoom(others, limit, () => identities.find(kind, id).filter((other) => other !== session), owner)
  }

  /**
   * A newcomer who is signed in takes the place of an anonymous session that is read, as where the node is full: else a few
   * streams without a cookie would keep everybody at an address out.
   */
  const findSpareAt = ({ identity }: LiveSession) =>
    identity.isSignedIn ? (all: readonly LiveSession[]) => findSpare(all) ?? findAnonymous(all) : findSpare

  /** Of an address that many share, nobody who is anonymous ends the session of somebody who is signed in. */
  function toReplaceable({ identity }: LiveSession, address: string) {
    const all = addresses.find(address)
    return identity.isSignedIn ? all : all.filter((other) => !other.identity.isSignedIn || other.state.isUnclaimed)
  }

  return {
    reserve(session, identity) {
      const { sessionId, userId } = session.identity
      if (sessionId === identity.sessionId && userId === identity.userId) return
      makeRoomFor(session, 'session', identity.sessionId, sessionsPerClerkSession, 'The Clerk session')
      makeRoomFor(session, 'user', identity.userId, sessionsPerUser, 'The user')
      expected.place(session, identity)
    },
    release: (session) => expected.delete(session),
    settle(session) {
      if (expected.isPlaced(session, session.identity)) expected.delete(session)
    },
    add(session) {
      const { address } = session.state
      if (address === null) return
      const others = addresses.countOthers(address, session)
      const find = findSpareAt(session)
      makeRoom(others, sessionsPerAddress, () => toReplaceable(session, address), 'The address', find)
      addresses.add(address, session)
    },
    delete(session) {
      expected.delete(session)
      const { address } = session.state
      if (address !== null) addresses.delete(address, session)
    },
  }
}
