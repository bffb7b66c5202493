import { AuthError } from '../../../machines/auth-error.ts'
import type { SessionRecord } from '../../../machines/session-record.ts'
import type { AuthClaims } from '../../../machines/verified-session.ts'
import type { Logger } from '../../logger.ts'
import { toIssuedAt } from './record-sync.ts'
import type { LiveSession } from '../session/live-session.ts'
import { isOwnedBy, toAliases } from '../cookies/cookie-index.ts'
import type { FoundSession } from '../cookies/cookie-index.ts'
import type { SessionLifecycle } from './session-lifecycle.ts'
import type { Tombstone, SessionStore, StoreChange, StoredSession } from '../store/session-store.ts'
import { toTombstone } from '../store/tombstone.ts'
import type { Revocations } from './revocations.ts'

/** Finds sessions by their cookies, here or in the store, and keeps those here in step with the store. */
export interface SessionLookup {
  /** The session of a cookie; a retired one only where there is no other. @throws AuthError `store-unavailable` */
  find(cookieIds: readonly string[]): Promise<FoundSession | null>
  /** Of what is known here; undefined where the store may know more. */
  findHere(cookieIds: readonly string[]): FoundSession | null | undefined
  /** What the store has under an alias now, whatever is known here. @throws AuthError `store-unavailable` */
  findStored(alias: string): Promise<SessionRecord | null>
  close(): void
}

export interface SessionLookupOptions {
  readonly lifecycle: SessionLifecycle
  readonly store: SessionStore
  readonly revocations: Revocations
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

/** Sessions compared with the store, or ended, at a time. */
const batchSize = 32

export function createSessionLookup({
  lifecycle,
  store,
  revocations,
  clock,
  logger,
}: SessionLookupOptions): SessionLookup {
  const { registry, cookies, records } = lifecycle

  const read = (alias: string) =>
    store.read(alias).catch((cause: unknown) => {
      logger.error('store.failed', { method: 'read', error: cause })
      throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    })

  async function load(alias: string): Promise<FoundSession | null> {
    const stored = await read(alias)
    // Another user's leads nowhere, though the store keeps it: not every node that sees a change of user knows them all.
    const isOver = !stored || (!stored.retired && !isOwnedBy(stored.record.userId, stored.userId))
    if (isOver) cookies.retire(alias)
    else hold(alias, stored)
    return cookies.find(alias) ?? null
  }

  function hold(alias: string, { record, retired, userId }: StoredSession) {
    // Held here under a cookie that it had before: what the store knows more of it counts at once.
    followRecord(record)
    const session = registry.get(record.id) ?? revive(record)
    if (retired) cookies.retire(alias, session)
    else cookies.bind(session, alias, userId)
  }

  function revive(record: SessionRecord) {
    const session = lifecycle.create(record.id, record.channel)
    session.outrank(record.rev)
    records.merge(session, record)
    return lifecycle.admit(session)
  }

  /**
   * A session whose proof has just got a tombstone is signed in no longer. Its view says so at once: the streams
   * are told before the machines are, so that of very many the last one does not wait for what follows from it.
   */
  function followTombstone({ kind, id }: Tombstone) {
    const isElsewhere = !revocations.isAdding
    const sessions = registry.find(kind, id)
    for (const session of sessions) {
      const code = toEnd(session)
      if (code === 'session-revoked') session.streams.endWithView('revoked')
      else if (code) session.streams.push()
    }
    endInTurn(sessions, { isElsewhere, isUser: kind === 'user' })
  }

  /** Why the proof of a session is over, or null. */
  function toEnd({ identity: { userId, sessionId, claims } }: LiveSession) {
    if (userId === null || sessionId === null) return null
    return store.findTombstone({ userId, sessionId, issuedAt: toIssuedAt(claims as AuthClaims) ?? 0 })
  }

  /** A few at a time: what was written meanwhile is on its way, to the store too. */
  function endInTurn(sessions: readonly LiveSession[], from: { isElsewhere: boolean; isUser: boolean }) {
    for (const session of sessions.slice(0, batchSize)) {
      const { sessionId } = session.identity
      const code = registry.has(session) ? toEnd(session) : null
      if (!code || sessionId === null) continue
      const isRevoked = code === 'session-revoked'
      lifecycle.follow(() => session.end(isRevoked ? 'revoked' : 'cleared', sessionId), from.isElsewhere)
      // The next token of this Clerk session would be from after its user's revocation. The node that revokes the user ends the sessions that it knows.
      if (isRevoked && from.isUser && from.isElsewhere) {
        void lifecycle.addTombstone(toTombstone({ kind: 'session', id: sessionId, revokedAt: clock() }, clock()))
      }
    }
    const others = sessions.slice(batchSize)
    if (others.length > 0) setImmediate(() => endInTurn(others, from))
  }

  /** A request has brought a cookie of the session: its browser keeps cookies, which the other nodes must know too. */
  function claim(session: LiveSession) {
    session.state.usedAt = performance.now()
    if (!session.state.isUnclaimed) return
    session.state.isUnclaimed = false
    registry.reconsider(session)
    if (session.identity.isSignedIn) void records.keep(session)
  }

  function followRecord(record: SessionRecord) {
    const session = registry.get(record.id)
    if (!session) return
    const { isUnclaimed } = session.state
    records.merge(session, record)
    // Another node has seen its cookie.
    if (isUnclaimed && !session.state.isUnclaimed) registry.reconsider(session)
  }

  function followRotation({ id, from, to, userId }: Extract<StoreChange, { type: 'rotated' }>) {
    const session = registry.get(id)
    if (!session) return
    // Of two rotations the later one may be told of first: what it retired is not brought back by the other.
    const isNew = cookies.current(session)?.alias !== to && !cookies.find(to)?.retired
    if (from !== null && isNew && !cookies.find(from)) cookies.bind(session, from)
    if (isNew) cookies.bind(session, to, userId)
    // A cookie may come before the news of it; what this node has rotated itself is retired already.
    if (from !== null && (isNew || cookies.find(from)?.retired === false)) leave(session, from)
  }

  /** Reads every session here anew, a few at a time: other nodes may have changed it, or the store may have lost it. */
  async function makeUp() {
    const sessions = [...registry]
    try {
      for (let start = 0; start < sessions.length; start += batchSize) {
        await Promise.all(sessions.slice(start, start + batchSize).map(compare))
      }
    } catch (error) {
      // Out of reach again: it will say when it is back.
      logger.warn('store.failed', { method: 'read', error })
    }
  }

  async function compare(session: LiveSession) {
    await Promise.all(cookies.others(session).map((alias) => compareOther(session, alias)))
    const alias = cookies.current(session)?.alias
    if (alias === undefined || !registry.has(session)) return
    const stored = await store.read(alias)
    if (stored) followRecord(stored.record)
    const isLost = !stored && (await records.restore(session))
    if (stored?.retired || (!stored && !isLost && !session.state.isCookieOwed)) return leave(session, alias)
    if (!stored && session.view().isSignedIn) await lifecycle.storeCookie(session)
    return undefined
  }

  async function compareOther(session: LiveSession, alias: string) {
    const stored = await store.read(alias)
    if (stored?.retired !== false) leave(session, alias)
  }

  /** Its cookie was rotated elsewhere: nothing more is read by what it leads to, nor by what was opened with it. */
  function leave(session: LiveSession, alias: string) {
    cookies.retire(alias)
    session.streams.end('rotated')
  }

  const isHere = (id: string) => registry.get(id) !== undefined
  const unwatch = store.watch((change) => {
    try {
      if (change.type === 'record') followRecord(change.record)
      else if (change.type === 'tombstone') followTombstone(change.tombstone)
      else if (change.type === 'back') void makeUp()
      else followRotation(change)
    } catch (error) {
      logger.error('store.watch.failed', { type: change.type, error })
    }
  }, isHere)

  return {
    async find(cookieIds) {
      let retired: FoundSession | null = null
      for (const alias of toAliases(cookieIds)) {
        const here = cookies.find(alias)
        const found = here && !here.isForeign ? here : await load(alias)
        if (found) claim(found.session)
        if (found && !found.retired) return found
        retired ??= found
      }
      return retired
    },
    findHere(cookieIds) {
      const known = toAliases(cookieIds).map((alias) => cookies.find(alias))
      for (const found of known) if (found) claim(found.session)
      const isAskable = known.some((found) => !found || found.isForeign)
      return known.find((found) => found?.retired === false) ?? (isAskable ? undefined : (known[0] ?? null))
    },
    findStored: async (alias) => (await read(alias))?.record ?? null,
    close: unwatch,
  }
}
