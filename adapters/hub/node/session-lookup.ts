import { AuthError } from '../../../machines/auth-error.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { Eventual } from '../../eventual.ts'
import type { Logger } from '../../logger.ts'
import { isOwnedBy, retiredReadFor, toAliases, type FoundSession } from '../cookies/cookie-index.ts'
import type { LiveSession } from '../session/live-session.ts'
import { noteRequest } from '../session/session-state.ts'
import type { SessionStore, StoredSession } from '../store/session-store.ts'
import type { SessionLifecycle } from './session-lifecycle.ts'

/** Finds sessions by their cookies, on this node or in the store. */
export interface SessionLookup {
  /**
   * @returns the session of a cookie, at once if this node knows the first one; a retired one only if there is no other
   * @throws AuthError `store-unavailable`
   */
  find(cookieIds: readonly string[]): Eventual<FoundSession | null>
  /** Looks only on this node. @returns undefined if the store may know more */
  findHere(cookieIds: readonly string[]): FoundSession | null | undefined
  /**
   * Reads the session of an alias from the store. @returns null if the alias leads nowhere
   * @throws AuthError `store-unavailable`
   */
  load(alias: string): Promise<FoundSession | null>
  /**
   * @returns the record that the store has under an alias now, even if this node knows the alias
   * @throws AuthError `store-unavailable`
   */
  findStored(alias: string): Promise<SessionRecord | null>
}

export interface SessionLookupOptions {
  readonly lifecycle: SessionLifecycle
  readonly store: SessionStore
  readonly logger: Logger
}

export function createSessionLookup({ lifecycle, store, logger }: SessionLookupOptions): SessionLookup {
  const { registry, cookies, records } = lifecycle

  const read = (alias: string) =>
    store.read(alias).catch((cause: unknown) => {
      logger.error('store.failed', { method: 'read', error: cause })
      throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    })

  async function load(alias: string): Promise<FoundSession | null> {
    const stored = await read(alias)
    // A cookie of another user leads nowhere, even if the store keeps it: a node that sees the user of a session change
    // may not know all of its cookies.
    const isOver = !stored || (!stored.retired && !isOwnedBy(stored.record.userId, stored.userId))
    if (isOver) cookies.retire(alias)
    else hold(alias, stored)
    return cookies.find(alias) ?? null
  }

  function hold(alias: string, { record, retired, userId }: StoredSession) {
    // This node may hold the session under an older cookie, so anything newer in the store counts at once.
    records.follow(record)
    const session = registry.get(record.id) ?? revive(record)
    if (retired) cookies.retire(alias, session, retiredReadFor)
    else cookies.bind(session, alias, userId)
  }

  function revive(record: SessionRecord) {
    const session = lifecycle.create(record)
    session.outrank(record.rev)
    records.merge(session, record)
    return lifecycle.admit(session)
  }

  /** Notes a request with the cookie of the session. If it is the first one, the other nodes must know that too. */
  function claim(session: LiveSession) {
    if (!noteRequest(session.state)) return
    registry.reconsider(session)
    if (session.identity.isSignedIn) void records.keep(session)
  }

  async function findAmong(aliases: readonly string[]): Promise<FoundSession | null> {
    let retired: FoundSession | null = null
    for (const alias of aliases) {
      const here = cookies.find(alias)
      const found = here && !here.isForeign ? here : await load(alias)
      if (found) claim(found.session)
      if (found && !found.retired) return found
      retired ??= found
    }
    return retired
  }

  return {
    find(cookieIds) {
      const aliases = toAliases(cookieIds)
      const first = aliases.length > 0 ? cookies.find(aliases[0]!) : undefined
      if (!first || first.retired) return findAmong(aliases)
      claim(first.session)
      return first
    },
    findHere(cookieIds) {
      const known = toAliases(cookieIds).map((alias) => cookies.find(alias))
      for (const found of known) if (found) claim(found.session)
      const isAskable = known.some((found) => !found || found.isForeign)
      return known.find((found) => found?.retired === false) ?? (isAskable ? undefined : (known[0] ?? null))
    },
    load,
    findStored: async (alias) => (await read(alias))?.record ?? null,
  }
}
