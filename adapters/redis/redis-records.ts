import type { RotateOptions, StoredSession, WriteOptions, WriteResult } from '../hub/store/session-store.ts'
import type { SessionRecord } from '../../machines/session-record.ts'
import type { RedisCalls } from './redis-calls.ts'
import { toKeyDigest, toShard } from './redis-keys.ts'
import type { RedisKeys } from './redis-keys.ts'
import { listedScript, listScript, removeScript, rotateScript, writeScript } from './redis-scripts.ts'

/** Records, and the aliases that lead to them. */
export interface RedisRecords {
  read(alias: string): Promise<StoredSession | null>
  write(record: SessionRecord, options: WriteOptions): Promise<WriteResult>
  rotate(id: string, options: RotateOptions): Promise<void>
  remove(id: string, expectedRev: number): Promise<void>
  list(userId: string): Promise<SessionRecord[]>
}

export interface RedisRecordsOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  /** Epoch ms. */
  readonly clock: () => number
}

/** Time for which aliases outlive their record, ms, so that not every renewal of the record has to extend them. */
const outlive = 600_000
/**
 * How often the list of a user's sessions is told again of a session that goes on, ms. A renewal costs no call for it, so
 * the list counts a session for this much longer than its record.
 */
const listEvery = 24 * 3_600_000
/** The most sessions of one user that are listed; the list forgets the oldest ones beyond. */
const maxListed = 1_000

/**
 * The value of an alias has up to four parts: the digest of the session; `-`, or the moment until which it is still
 * found as retired; its owner, as `=` and the user id, or `-` if it has none yet; and the seal. A default may be left
 * out at the end, and is empty before a seal.
 */
const live = '-'
const toOwnerText = (userId: string | null | undefined) =>
  userId === undefined ? '' : userId === null ? '-' : `=${encodeURIComponent(userId)}`
const toLead = (digest: string, userId: string | null | undefined, seal = '') =>
  `${digest} ${live} ${toOwnerText(userId)} ${seal}`.trimEnd()

/** Longest retirement of a cookie, ms, with a minute for clocks that differ. Another program wrote a longer one. */
const longestRetirement = 70_000

/** Reads what an alias says besides its session. @returns null if this store did not write it */
function parseLead([, retiredUntil = live, owner = '', seal]: readonly string[], now: number): Lead | null {
  const isRetired = retiredUntil !== live
  const until = isRetired ? Number(retiredUntil) : now
  if (!(until <= now + longestRetirement)) return null
  const lead = { retired: isRetired, isOver: isRetired && until <= now, seal }
  if (owner === '') return lead
  if (owner === '-') return { ...lead, userId: null }
  if (!owner.startsWith('=')) return null
  try {
    return { ...lead, userId: decodeURIComponent(owner.slice(1)) }
  } catch {
    return null
  }
}

interface Lead extends Pick<StoredSession, 'retired' | 'userId'> {
  readonly isOver: boolean
  readonly seal: string | undefined
}

/**
 * Redis may apply a command after its caller gave up on it. Each command is safe then: a write and a removal still need
 * the expected `rev`, and a rotation does not bring back an alias that was retired since.
 */
export function createRedisRecords({ calls, keys, clock }: RedisRecordsOptions): RedisRecords {
  const toExpiration = (ms: number) => ({ expiration: { type: 'PX' as const, value: Math.max(1, Math.ceil(ms)) } })
  const toAliases = (text: string) => (text === '' ? [] : text.split(',').map(keys.alias))
  const now = () => Math.floor(clock())
  const toUserKey = (userId: string) => keys.user(toKeyDigest(`user ${userId}`))

  return {
    async read(alias) {
      const call = calls.begin()
      const aliasKey = keys.alias(toKeyDigest(alias))
      const lead = await call.ask<string | null>(aliasKey, (client) => client.get(aliasKey))
      if (lead === null) return null
      const parts = lead.split(' ')
      const parsed = parseLead(parts, clock())
      if (parsed?.isOver) return null
      const key = keys.session(parts[0] ?? '')
      const stored = await call.ask<string | null>(key, (client) => client.get(key))
      const record = stored === null ? null : toRecord(stored, clock())
      if (!record) return null
      if (!parsed) return { record, retired: false, isUnreadable: true }
      const { retired, userId, seal } = parsed
      return { record, retired, userId, seal }
    },

    async write(record, { expectedRev, until }) {
      const digest = toKeyDigest(record.id)
      const channel = keys.channel(toShard(digest))
      const numbers = [expectedRev ?? 0, record.rev, Math.ceil(until), now()].map(String)
      const call = calls.begin()
      const { userId } = record
      const userText = userId === null ? '' : `"userId":${JSON.stringify(userId)}`
      const [written, text, rev = '0'] = await call.run<[number, string, string?]>(writeScript, {
        keys: [keys.session(digest)],
        arguments: [
          ...numbers,
          JSON.stringify(record),
          channel,
          String(outlive),
          record.id,
          userText,
          String(listEvery),
        ],
      })
      if (!written && rev === '0') return { written: false, current: null }
      if (!written) {
        const current = parseRecord(text, rev)
        return { written: false, current, ...(current === unreadable && { currentRev: Number(rev) }) }
      }
      // If these commands get lost, the aliases end a little early, and the browser proves itself again.
      const ms = Math.ceil(until - clock()) + outlive
      const works: Promise<unknown>[] = toAliases(text).map((key) => call.ask(key, (client) => client.pExpire(key, ms)))
      if (userId !== null && rev === '0') {
        const listed = [digest, String(Math.ceil(until) + listEvery), String(now()), String(maxListed)]
        works.push(call.run(listedScript, { keys: [toUserKey(userId)], arguments: listed }))
      }
      await Promise.all(works)
      return { written: true }
    },

    async rotate(id, { from, to, userId, seal, retireFor }) {
      const digest = toKeyDigest(id)
      const [oldAlias, newAlias] = [from === null ? '' : toKeyDigest(from), toKeyDigest(to)]
      const [oldKey, newKey] = [keys.alias(oldAlias), keys.alias(newAlias)]
      const message = JSON.stringify({ from, to, userId, seal })
      const call = calls.begin()
      // Both are sent together, so that every node that hears of the new alias finds the old one retired.
      const retired = `${digest} ${Math.ceil(clock() + retireFor)}`
      const [lives] = await Promise.all([
        call.run<string>(rotateScript, {
          keys: [keys.session(digest)],
          arguments: [oldAlias, newAlias, String(now()), keys.channel(toShard(digest)), message, String(outlive), id],
        }),
        from !== null && call.ask(oldKey, (client) => client.set(oldKey, retired, toExpiration(retireFor))),
      ])
      const settings = { ...toExpiration(Number(lives)), condition: 'NX' as const }
      await call.ask(newKey, (client) => client.set(newKey, toLead(digest, userId, seal), settings))
    },

    async list(userId) {
      const call = calls.begin()
      const found = { keys: [toUserKey(userId)], arguments: [String(now()), String(maxListed)] }
      const digests = await call.run<string[]>(listScript, found)
      const readings = digests.map(async (digest) => {
        const key = keys.session(digest)
        const stored = await call.ask<string | null>(key, (client) => client.get(key))
        return stored === null ? null : toRecord(stored, clock())
      })
      const records = await Promise.all(readings)
      return records.filter((record) => record?.userId === userId) as SessionRecord[]
    },

    async remove(id, expectedRev) {
      const call = calls.begin()
      const session = keys.session(toKeyDigest(id))
      const aliases = await call.run<string>(removeScript, { keys: [session], arguments: [String(expectedRev)] })
      await Promise.all(toAliases(aliases).map((key) => call.ask(key, (client) => client.del(key))))
    },
  }
}

/**
 * Returns the record in the stored text of a session, as the scripts write it, or null if there is none or its time has
 * passed.
 */
function toRecord(stored: string, now: number): SessionRecord | null {
  const end = stored.indexOf('\n')
  const [rev = '', until] = stored.slice(0, end).split(' ')
  return rev === '0' || Number(until) <= now ? null : parseRecord(stored.slice(end + 1), rev)
}

/** Stands for a record that another program has spoiled. The server sees that it is no record, and logs it. */
const unreadable = {} as SessionRecord

/** Refuses a record whose `rev` differs from the one before it, which the scripts compare: it could not be replaced. */
function parseRecord(text: string, rev: string): SessionRecord {
  try {
    const record = JSON.parse(text) as SessionRecord | null
    return record?.rev === Number(rev) ? record : unreadable
  } catch {
    return unreadable
  }
}
