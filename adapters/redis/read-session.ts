import type { StoredSession } from '../hub/store/session-store.ts'
import type { FollowedChannels } from './followed-channels.ts'
import { parseLead, type Lead } from './redis-aliases.ts'
import type { RedisCall, RedisCalls } from './redis-calls.ts'
import { toKeyDigest, type RedisKeys } from './redis-keys.ts'
import { isListed, toRecord } from './redis-record-text.ts'

export interface ReadSessionOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  readonly followed: Pick<FollowedChannels, 'follow' | 'name'>
  /** @returns True if a watcher waits for the rotation of an alias */
  readonly isWanted: (alias: string) => boolean
  /** Epoch ms. */
  readonly clock: () => number
}

interface FoundLead {
  /** The digest of the session. */
  readonly digest: string
  /** Null if this store did not write the alias. */
  readonly lead: Lead | null
}

/** Creates the function that finds a session by an alias, and has the node hear of its changes from then on. */
export function createReadSession(options: ReadSessionOptions): (alias: string) => Promise<StoredSession | null> {
  const { calls, keys, followed, isWanted, clock } = options

  async function readLead(call: RedisCall, aliasDigest: string): Promise<FoundLead | null> {
    const key = keys.alias(aliasDigest)
    const text = await call.ask<string | null>(key, (client) => client.get(key))
    if (text === null) return null
    const parts = text.split(' ')
    const lead = parseLead(parts, clock())
    return lead?.isOver ? null : { digest: parts[0] ?? '', lead }
  }

  return async (alias) => {
    const call = calls.begin()
    const aliasDigest = toKeyDigest(alias)
    if (isWanted(alias)) await followed.follow(keys.changes(aliasDigest), alias)
    const found = await readLead(call, aliasDigest)
    if (!found) return null
    // The node follows the session before it reads the record, so that it misses no change in between.
    const channel = keys.changes(found.digest)
    const joining = followed.follow(channel, null)
    if (joining) await joining
    const key = keys.session(found.digest)
    const stored = await call.ask<string | null>(key, (client) => client.get(key))
    const record = stored === null ? null : toRecord(stored, clock())
    if (stored === null || !record) return null
    followed.name(channel, record.id)
    // A rotation between the two reads has taken the alias from the session, or is about to give it the alias.
    const isMoved = found.lead?.retired === false && !isListed(stored, aliasDigest)
    const latest = isMoved ? await readLead(call, aliasDigest) : found
    if (!latest) return null
    if (!latest.lead) return { record, retired: false, isUnreadable: true }
    const { retired, userId, seal } = latest.lead
    return { record, retired, userId, seal }
  }
}
