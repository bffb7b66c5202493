import { createDeadlineQueue } from '../../timing/deadline-queue.ts'
import type { Deadline } from '../../timing/deadline-queue.ts'
import type { LiveSession } from '../session/live-session.ts'
import { createSecretId, isSecretId, toDigest } from './secret-id.ts'

/** A session found by a cookie. */
export interface FoundSession {
  readonly session: LiveSession
  readonly alias: string
  /** Nothing may be read through it: it was rotated a moment ago, or is another user's. */
  readonly retired: boolean
  /** When one that was rotated away is recognised no longer, by `performance.now()`. */
  readonly due?: number
  /** It was given out for somebody else than is signed in as far as this node knows: the store may know better. */
  readonly isForeign?: boolean
  /** Whom it was given out for: null for nobody yet; undefined where that was not noted. */
  readonly userId?: string | null
}

export interface Rotation {
  /** The alias that it had. */
  readonly from: string | null
  readonly to: string
  /** Whom it is given out for, who is the one signed in; null for nobody yet. */
  readonly userId: string | null
}

/** Which cookie leads to which session on this node. Cookies are known by their digest, the alias. */
export interface CookieIndex {
  find(alias: string): FoundSession | undefined
  /** Gives a session a new cookie and retires the one it had. */
  issue(session: LiveSession): Rotation
  /** Notes an alias that another node, or an earlier run of this one, gave the session, for one user or for anybody. */
  bind(session: LiveSession, alias: string, userId?: string | null): void
  /**
   * From now on nothing is read through it; of one that is not known here, for the `session` that it once led to. It is
   * recognised for `span` ms.
   */
  retire(alias: string, session?: LiveSession, span?: number): void
  /** The value of the current cookie, for a browser that proved itself with an older one; null once it is forgotten. */
  current(session: LiveSession): Omit<CurrentCookie, keyof Deadline> | undefined
  /**
   * Lets the current cookie, if it is nobody's yet, count for whoever is signed in now, where it cannot be rotated until
   * the next post. → whether it is good for them; another user's never is
   */
  claim(session: LiveSession): boolean
  /** Aliases that lead to a session beside the current one, whose rotation this node may have missed. */
  others(session: LiveSession): readonly string[]
  forget(session: LiveSession): void
}

/** How long a rotated cookie is recognised, ms: what was sent before the new one arrived is answered, not adopted. */
export const retireFor = 10_000
/** How long a node goes by what the store says of a retired cookie, ms: the store alone knows when that ends. */
export const retiredReadFor = 1_000

/** The aliases of cookies that could be ours; of a header stuffed with more, the first few. */
export function toAliases(cookieIds: readonly string[]): string[] {
  return [...new Set(cookieIds)].filter(isSecretId).slice(0, 4).map(toDigest)
}

interface CurrentCookie extends Deadline {
  readonly alias: string
  userId: string | null | undefined
  /** The secret, for as long as somebody may still have to be told of it. */
  cookieId: string | null
}

type KnownCookie = Omit<FoundSession, 'isForeign' | 'due'>

interface RetiredCookie extends KnownCookie, Deadline {}

/**
 * Whether what a cookie leads to may be read through it. A cookie is for one user: of several that lead to a session, not
 * all are known to the node that sees the user change.
 *
 * @param owner Whom it was given out for; undefined where that was not noted.
 */
export function isOwnedBy(userId: string | null, owner: string | null | undefined): boolean {
  return userId === null || owner === undefined || owner === userId
}

export function createCookieIndex(): CookieIndex {
  const found = new Map<string, KnownCookie>()
  const currents = new WeakMap<LiveSession, CurrentCookie>()
  /** All that lead to a session, the retired ones too. */
  const aliases = new WeakMap<LiveSession, readonly string[]>()
  const expiries = createDeadlineQueue<CurrentCookie | RetiredCookie>((cookie) => {
    if ('cookieId' in cookie) cookie.cookieId = null
    else drop(cookie)
  })
  const toDue = (span = retireFor) => performance.now() + span

  function note(cookie: KnownCookie) {
    const { alias, session } = cookie
    const known = aliases.get(session) ?? []
    found.set(alias, cookie)
    if (!known.includes(alias)) aliases.set(session, known.concat(alias))
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

  /** Unless its session was let go of since: the alias may lead to it anew, as the store has it. */
  function drop(cookie: RetiredCookie) {
    const { alias, session } = cookie
    if (found.get(alias) !== cookie) return
    found.delete(alias)
    const known = aliases.get(session) ?? []
    aliases.set(
      session,
      known.filter((other) => other !== alias),
    )
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
      lead(current.alias, session, userId)
      currents.set(session, current)
      if (from !== null) retire(from)
      expiries.add(current)
      return { from, to: current.alias, userId }
    },
    bind(session, alias, userId) {
      lead(alias, session, userId)
      currents.set(session, { alias, userId, cookieId: null, due: Infinity, place: -1 })
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
      (aliases.get(session) ?? []).filter(
        (alias) => alias !== currents.get(session)?.alias && !found.get(alias)?.retired,
      ),
    forget(session) {
      for (const alias of aliases.get(session) ?? []) found.delete(alias)
      currents.delete(session)
    },
  }
}
