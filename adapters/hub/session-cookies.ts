import { createDeadlineQueue } from './deadline-queue.ts'
import type { Deadline } from './deadline-queue.ts'
import type { LiveSession } from './live-session.ts'
import { createSecretId, isSecretId, toDigest } from './secret-id.ts'

/** A session found by a cookie. `retired`: the cookie was rotated a moment ago, and nothing may be read through it. */
export interface FoundSession {
  readonly session: LiveSession
  readonly alias: string
  readonly retired: boolean
}

export interface Rotation {
  /** The alias that it had. */
  readonly from: string | null
  readonly to: string
}

/** Which cookie leads to which session on this node. Cookies are known by their digest, the alias. */
export interface SessionCookies {
  find(alias: string): FoundSession | undefined
  /** Gives a session a new cookie and retires the one it had. */
  issue(session: LiveSession): Rotation
  /** Notes an alias that another node, or an earlier run of this one, gave the session. */
  bind(session: LiveSession, alias: string): void
  retire(alias: string): void
  /** The value of the current cookie, for a browser that proved itself with an older one; null once it is forgotten. */
  current(session: LiveSession): { readonly alias: string; readonly cookieId: string | null } | undefined
  /** Aliases that lead to a session beside the current one, whose rotation this node may have missed. */
  others(session: LiveSession): readonly string[]
  forget(session: LiveSession): void
}

/** How long a rotated cookie is recognised, ms: what was sent before the new one arrived is answered, not adopted. */
export const retireFor = 10_000

/** The aliases of cookies that could be ours; of a header stuffed with more, the first few. */
export function toAliases(cookieIds: readonly string[]): string[] {
  return [...new Set(cookieIds)].filter(isSecretId).slice(0, 4).map(toDigest)
}

interface CurrentCookie extends Deadline {
  readonly alias: string
  /** The secret, for as long as somebody may still have to be told of it. */
  cookieId: string | null
}

interface RetiredCookie extends Deadline {
  readonly alias: string
}

export function createSessionCookies(): SessionCookies {
  const found = new Map<string, FoundSession>()
  const currents = new WeakMap<LiveSession, CurrentCookie>()
  const aliases = new WeakMap<LiveSession, readonly string[]>()
  const expiries = createDeadlineQueue<CurrentCookie | RetiredCookie>((cookie) => {
    if ('cookieId' in cookie) cookie.cookieId = null
    else found.delete(cookie.alias)
  })
  const toDue = () => performance.now() + retireFor

  function lead(alias: string, session: LiveSession) {
    found.set(alias, { session, alias, retired: false })
    const known = aliases.get(session) ?? []
    if (!known.includes(alias)) aliases.set(session, known.concat(alias))
  }

  function retire(alias: string) {
    const entry = found.get(alias)
    if (!entry || entry.retired) return
    found.set(alias, { ...entry, retired: true })
    const known = aliases.get(entry.session) ?? []
    aliases.set(
      entry.session,
      known.filter((other) => other !== alias),
    )
    expiries.add({ alias, due: toDue(), place: -1 })
  }

  return {
    find: (alias) => found.get(alias),
    issue(session) {
      const from = currents.get(session)?.alias ?? null
      const cookieId = createSecretId()
      const current: CurrentCookie = { alias: toDigest(cookieId), cookieId, due: toDue(), place: -1 }
      lead(current.alias, session)
      currents.set(session, current)
      if (from !== null) retire(from)
      expiries.add(current)
      return { from, to: current.alias }
    },
    bind(session, alias) {
      lead(alias, session)
      currents.set(session, { alias, cookieId: null, due: Infinity, place: -1 })
    },
    retire,
    current: (session) => currents.get(session),
    others: (session) => (aliases.get(session) ?? []).filter((alias) => alias !== currents.get(session)?.alias),
    forget(session) {
      for (const alias of aliases.get(session) ?? []) found.delete(alias)
      currents.delete(session)
    },
  }
}
