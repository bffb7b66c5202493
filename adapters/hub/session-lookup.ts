import { AuthError } from '../../machines/auth-error.ts'
import type { SessionRecord } from '../../machines/session-record.ts'
import type { AuthClaims } from '../../machines/verified-session.ts'
import type { Logger } from '../logger.ts'
import { toIssuedAt } from './record-keeper.ts'
import { toAliases } from './session-cookies.ts'
import type { FoundSession } from './session-cookies.ts'
import type { SessionLife } from './session-life.ts'
import type { Grave, SessionStore } from './session-store.ts'
import { toGrave } from './undertaker.ts'

/** Finds sessions by their cookies, here or in the store, and keeps those here in step with the store. */
export interface SessionLookup {
  /** The session of a cookie; a retired one only where there is no other. @throws AuthError `store-unavailable` */
  find(cookieIds: readonly string[]): Promise<FoundSession | null>
  /** Of the sessions here alone. */
  findHere(cookieIds: readonly string[]): FoundSession | null
  close(): void
}

export interface SessionLookupOptions {
  readonly life: SessionLife
  readonly store: SessionStore
  /** Epoch ms. */
  readonly clock: () => number
  readonly logger: Logger
}

export function createSessionLookup({ life, store, clock, logger }: SessionLookupOptions): SessionLookup {
  const { registry, cookies, records } = life

  async function load(alias: string): Promise<FoundSession | null> {
    const stored = await store.read(alias).catch((cause: unknown) => {
      logger.error('store.failed', { method: 'read', error: cause })
      throw new AuthError('store-unavailable', undefined, { cause, retryAfter: 1_000 })
    })
    if (!stored) return null
    const session = registry.get(stored.record.id) ?? revive(stored.record)
    cookies.bind(session, alias)
    if (stored.retired) cookies.retire(alias)
    return cookies.find(alias) ?? null
  }

  function revive(record: SessionRecord) {
    const session = life.create(record.id, record.channel)
    session.outrank(record.rev)
    records.merge(session, record)
    return life.admit(session)
  }

  /** Whoever is signed in by a proof that has just been buried is so no longer. */
  function followGrave({ kind, id }: Grave) {
    for (const session of registry.find(kind, id)) {
      const { userId, sessionId, claims } = session.identity
      if (userId === null || sessionId === null) continue
      const code = store.buried({ userId, sessionId, issuedAt: toIssuedAt(claims as AuthClaims) ?? 0 })
      if (code === 'token-superseded') session.end('cleared', sessionId)
      if (code !== 'session-revoked') continue
      session.end('revoked', sessionId)
      session.streams.flush()
      session.streams.end('revoked')
      // The next token of this Clerk session would be from after its user's revocation.
      if (kind === 'user') void life.bury(toGrave({ kind: 'session', id: sessionId, revokedAt: clock() }, clock()))
    }
  }

  function followRecord(record: SessionRecord) {
    const session = registry.get(record.id)
    if (session) records.merge(session, record)
  }

  function followRotation(id: string, from: string | null, to: string) {
    const session = registry.get(id)
    if (!session || cookies.current(session)?.alias === to) return
    cookies.bind(session, to)
    if (from === null) return
    cookies.retire(from)
    session.streams.end('rotated')
  }

  const unwatch = store.watch((change) => {
    try {
      if (change.type === 'record') followRecord(change.record)
      else if (change.type === 'grave') followGrave(change.grave)
      else followRotation(change.id, change.from, change.to)
    } catch (error) {
      logger.error('store.watch.failed', { type: change.type, error })
    }
  })

  return {
    async find(cookieIds) {
      let retired: FoundSession | null = null
      for (const alias of toAliases(cookieIds)) {
        const found = cookies.find(alias) ?? (await load(alias))
        if (found && !found.retired) return found
        retired ??= found
      }
      return retired
    },
    findHere(cookieIds) {
      const found = toAliases(cookieIds).flatMap((alias) => cookies.find(alias) ?? [])
      return found.find(({ retired }) => !retired) ?? found[0] ?? null
    },
    close: unwatch,
  }
}
