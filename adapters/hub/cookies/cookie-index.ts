import { createDeadlineQueue, type Deadline } from '../../timing/deadline-queue.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createSecretId, isSecretId, toDigest } from './secret-id.ts'

/** A session found by a cookie. */
export interface FoundSession {
  readonly session: LiveSession
  readonly alias: string
  /** True if nothing may be read through the cookie: it was rotated a moment ago, or it belongs to another user. */
  readonly retired: boolean
  /** When a cookie that was rotated away stops being recognised, by `performance.now()`. */
  readonly due?: number
  /**
   * True if, as far as this node knows, it was given out for another user than the one signed in. The store may know
   * better.
   */
  readonly isForeign?: boolean
  /** The user that it was given out for; null for no user yet; undefined if that was not noted. */
  readonly userId?: string | null
}

export interface Rotation {
  /** The alias that the session had before. */
  readonly from: string | null
  readonly to: string
  /** The user that it is given out for, who is the one signed in; null for no user yet. */
  readonly userId: string | null
}

/** The sessions of this node by their cookies. A cookie is known by its digest, the alias. */
export interface CookieIndex {
  find(alias: string): FoundSession | undefined
  /** Gives a session a new cookie and retires the one it had. */
  issue(session: LiveSession): Rotation
  /**
   * Notes an alias that another node, or an earlier run of this one, gave the session, for one user or for any user.
   */
  bind(session: LiveSession, alias: string, userId?: string | null): void
  /**
   * Retires an alias: nothing is read through it any more, and it is recognised for `span` ms. If the alias is not
   * known on this node, `session` is the session that it led to.
   */
  retire(alias: string, session?: LiveSession, span?: number): void
  /**
   * @returns the current cookie, so that a browser that proved itself with an older one can be given it. Its secret is
   * null once it is forgotten.
   */
  current(session: LiveSession): Omit<CurrentCookie, keyof Deadline> | undefined
  /**
   * Binds the current cookie, if it was given out for no user yet, to the user who is signed in now. It is for a
   * sign-in that cannot rotate the cookie before the next post.
   * @returns whether the cookie is good for that user; a cookie of another user never is
   */
  claim(session: LiveSession): boolean
  /** @returns the aliases that lead to a session beside the current one; this node may have missed their rotation */
  others(session: LiveSession): readonly string[]
  forget(session: LiveSession): void
}

/**
 * How long a rotated cookie is recognised, ms, so that a request sent before the new one arrived is answered as one
 * with a rotated cookie.
 */
export const retireFor = 10_000
/**
 * How long a node relies on what the store says of a retired cookie, ms: only the store knows when that cookie ends.
 */
export const retiredReadFor = 1_000

/**
 * @returns the aliases of the cookies that could be ours, at most the first four, because a header may be stuffed with
 * more
 */
export function toAliases(cookieIds: readonly string[]): string[] {
  return [...new Set(cookieIds)].filter(isSecretId).slice(0, 4).map(toDigest)
}

interface CurrentCookie extends Deadline {
  readonly alias: string
  userId: string | null | undefined
  /** The secret, for as long as a browser may still need to be given it. */
  cookieId: string | null
}

type KnownCookie = Omit<FoundSession, 'isForeign' | 'due'>

interface RetiredCookie extends KnownCookie, Deadline {}

/**
 * Checks if a session may be read through a cookie. A cookie is for one user: several cookies may lead to a session,
 * and the node that sees its user change does not know all of them.
 *
 * @param owner The user that the cookie was given out for; undefined if that was not noted.
 */
export function isOwnedBy(userId: string | null, owner: string | null | undefined): boolean {
  return userId === null || owner === undefined || owner === userId
}

const none: readonly string[] = []

export function createCookieIndex(): CookieIndex {
  const found = new Map<string, KnownCookie>()
  const currents = new WeakMap<LiveSession, CurrentCookie>()
  /** The aliases that lead to a session beside its current one, including the retired ones. Most sessions have none. */
  const besides = new WeakMap<LiveSession, readonly string[]>()
  const expiries = createDeadlineQueue<CurrentCookie | RetiredCookie>((cookie) => {
    if ('cookieId' in cookie) cookie.cookieId = null
    else drop(cookie)
  })
  const toDue = (span = retireFor) => performance.now() + span

  const besidesOf = (session: LiveSession) => besides.get(session) ?? none

  function noteBeside(alias: string, session: LiveSession) {
    const known = besidesOf(session)
    if (!known.includes(alias)) besides.set(session, known.concat(alias))
  }

  function note(cookie: KnownCookie) {
    const { alias, session } = cookie
    found.set(alias, cookie)
    if (alias !== currents.get(session)?.alias) noteBeside(alias, session)
  }

  function makeCurrent(session: LiveSession, current: CurrentCookie) {
    const before = currents.get(session)?.alias
    currents.set(session, current)
    if (before !== undefined && found.has(before)) noteBeside(before, session)
    lead(current.alias, session, current.userId)
  }

  function lead(alias: string, session: LiveSession, userId?: string | null) {
    note({ session, alias, retired: false, userId })
  }

  function retire(alias: string, session = found.get(alias)?.session, span?: number) {
    if (!session || found.get(alias)?.retired) return
    const cookie: RetiredCookie = { session, alias, retired: true, due: toDue(span), place: -1 }
    note(cookie)
    expiries.add(cookie)
  }

  /** Drops a retired alias, unless it was noted again since: the store may make it lead to the session again. */
  function drop(cookie: RetiredCookie) {
    const { alias, session } = cookie
    if (found.get(alias) !== cookie) return
    found.delete(alias)
    const left = besidesOf(session).filter((other) => other !== alias)
    if (left.length > 0) besides.set(session, left)
    else besides.delete(session)
  }

  return {
    find(alias) {
      const entry = found.get(alias)
      if (!entry || entry.retired || isOwnedBy(entry.session.identity.userId, entry.userId)) return entry
      return { ...entry, retired: true, isForeign: true }
    },
    issue(session) {
      const from = currents.get(session)?.alias ?? null
      const cookieId = createSecretId()
      const { userId } = session.identity
      const current: CurrentCookie = { alias: toDigest(cookieId), userId, cookieId, due: toDue(), place: -1 }
      makeCurrent(session, current)
      if (from !== null) retire(from)
      expiries.add(current)
      return { from, to: current.alias, userId }
    },
    bind(session, alias, userId) {
      makeCurrent(session, { alias, userId, cookieId: null, due: Infinity, place: -1 })
    },
    retire,
    current: (session) => currents.get(session),
    claim(session) {
      const { userId } = session.identity
      const current = currents.get(session)
      if (!current) return true
      if (current.userId === null && !found.get(current.alias)?.retired) {
        current.userId = userId
        lead(current.alias, session, userId)
      }
      return isOwnedBy(userId, current.userId)
    },
    others: (session) =>
      besidesOf(session).filter((alias) => alias !== currents.get(session)?.alias && !found.get(alias)?.retired),
    forget(session) {
      for (const alias of besidesOf(session)) found.delete(alias)
      const current = currents.get(session)
      if (current) found.delete(current.alias)
      currents.delete(session)
    },
  }
}
