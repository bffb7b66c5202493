import { AuthError } from '../../../machines/auth-error.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createIdentityIndex, type IdentityIndex } from './identity-index.ts'
import { SessionsByKey } from './sessions-by-key.ts'
import { recentFor, type SpareSessions } from './spare-sessions.ts'

/** The most sessions of one Clerk session, user or address that a node holds. */
export interface SessionLimits {
  /** Number of sessions that one Clerk session may have; default 16. */
  readonly sessionsPerClerkSession: number
  /** Number of sessions that one user may have; default 100. */
  readonly sessionsPerUser: number
  /** Number of sessions that one client address may have. Default: any number. */
  readonly sessionsPerAddress?: number
}

/** The identity that a verified token names. */
export interface VerifiedIdentity {
  readonly userId: string
  readonly sessionId: string
}

/** Limits what one Clerk session, one user and one client address can hold, so that none of them fills the node. */
export interface SessionBounds {
  /**
   * Makes room for a session that is about to sign in. It counts at once as signed in, because many tokens may be
   * checked at the same time. A renewal needs no room.
   * @throws AuthError `too-many-sessions`
   */
  reserve(session: LiveSession, identity: VerifiedIdentity): void
  /** Takes back what a session reserved, because no token of it is being decided any more. */
  release(session: LiveSession): void
  /**
   * Takes back what a session reserved for the identity that it is now signed in with, because it counts for that
   * itself.
   */
  settle(session: LiveSession): void
  /**
   * Makes room for a new session of an identity and of a client's address. An anonymous session only takes the place of another anonymous
   * one, or of one whose cookie never came back. A signed-in session may also take the place of an anonymous one with a
   * stream.
   * @throws AuthError `too-many-sessions`
   */
  add(session: LiveSession): void
  delete(session: LiveSession): void
}

export interface SessionBoundsOptions {
  readonly limits: SessionLimits
  /** The sessions that are signed in. */
  readonly identities: IdentityIndex
  readonly spares: Pick<SpareSessions, 'findAmong' | 'findAnonymous'>
  readonly remove: (session: LiveSession) => void
}

export function createSessionBounds(options: SessionBoundsOptions): SessionBounds {
  const { limits, identities, spares, remove } = options
  const { sessionsPerClerkSession, sessionsPerUser, sessionsPerAddress = Infinity } = limits
  const expected = createIdentityIndex()
  const addresses = new SessionsByKey()

  /** Looks only at the sessions of one owner, and only if the bound is reached. */
  function makeRoom(
    others: number,
    limit: number,
    toSessions: () => readonly LiveSession[],
    owner: string,
    find = spares.findAmong,
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

  function makeRoomForIdentity(session: LiveSession, { sessionId, userId }: VerifiedIdentity) {
    makeRoomFor(session, 'session', sessionId, sessionsPerClerkSession, 'The Clerk session')
    makeRoomFor(session, 'user', userId, sessionsPerUser, 'The user')
  }

  /**
   * Lets a signed-in newcomer take the place of an anonymous session that is read, as when the node is full. Otherwise
   * a few streams without a cookie would keep everybody at an address out.
   */
  const findSpareAt = ({ identity }: LiveSession) =>
    identity.isSignedIn
      ? (all: readonly LiveSession[]) => spares.findAmong(all) ?? spares.findAnonymous(all)
      : spares.findAmong

  /**
   * Keeps an anonymous newcomer from ending the session of a signed-in user at the same address, which many may share.
   */
  function toReplaceable({ identity }: LiveSession, address: string) {
    const all = addresses.find(address)
    return identity.isSignedIn ? all : all.filter((other) => !other.identity.isSignedIn || other.state.isUnclaimed)
  }

  return {
    reserve(session, identity) {
      const { sessionId, userId } = session.identity
      if (sessionId === identity.sessionId && userId === identity.userId) return
      makeRoomForIdentity(session, identity)
      expected.place(session, identity)
    },
    release: (session) => expected.delete(session),
    settle(session) {
      if (expected.isPlaced(session, session.identity)) expected.delete(session)
    },
    add(session) {
      const { userId, sessionId } = session.identity
      // A session that the store brings has reserved nothing.
      if (userId !== null && sessionId !== null) makeRoomForIdentity(session, { userId, sessionId })
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
