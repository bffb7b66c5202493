import type { SessionRecord } from '../../machines/session-record.ts'
import type { RotateOptions, StoredSession, WriteOptions, WriteResult } from '../hub/store/session-store.ts'
import { createReadSession, type ReadSessionOptions } from './read-session.ts'
import { toLead, toRetiredLead } from './redis-aliases.ts'
import { toKeyDigest } from './redis-keys.ts'
import { parseRecord, toRecord, unreadable } from './redis-record-text.ts'
import { listedScript, listScript, removeScript, retireScript, rotateScript, writeScript } from './redis-scripts.ts'

/** Records, and the aliases that lead to them. */
export interface RedisRecords {
  read(alias: string): Promise<StoredSession | null>
  write(record: SessionRecord, options: WriteOptions): Promise<WriteResult>
  rotate(id: string, options: RotateOptions): Promise<void>
  remove(id: string, expectedRev: number): Promise<void>
  list(userId: string): Promise<SessionRecord[]>
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

/** Life of a new alias, ms. It is longer than that of most records, so that few rotations have to extend it. */
const firstLife = 2 * outlive
/** An alias that was retired since is not brought back. */
const newAliasSettings = { expiration: { type: 'PX' as const, value: firstLife }, condition: 'NX' as const }

/**
 * Redis may apply a command after its caller gave up on it. Each command is safe then: a write and a removal still need
 * the expected `rev`, and a rotation does not bring back an alias that was retired since.
 */
export function createRedisRecords(options: ReadSessionOptions): RedisRecords {
  const { calls, keys, followed, clock } = options
  const toMs = (ms: number) => Math.max(1, Math.ceil(ms))

  const toAliases = (text: string) => (text === '' ? [] : text.split(',').map(keys.alias))
  const now = () => Math.floor(clock())
  const toUserKey = (userId: string) => keys.user(toKeyDigest(`user ${userId}`))

  return {
    read: createReadSession(options),

    async write(record, { expectedRev, until }) {
      const digest = toKeyDigest(record.id)
      const channel = keys.changes(digest)
      const joining = followed.follow(channel, record.id)
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
      if (joining) await joining
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
      const channel = keys.changes(digest)
      const joining = followed.follow(channel, id)
      const call = calls.begin()
      // All are sent together, so that every node that hears of the new alias finds the old one retired, and a sign-in
      // waits for one answer.
      const retired = toRetiredLead(digest, clock() + retireFor)
      const [lives] = await Promise.all([
        call.run<string>(rotateScript, {
          keys: [keys.session(digest)],
          arguments: [oldAlias, newAlias, String(now()), channel, message, String(outlive), id],
        }),
        from !== null &&
          call.run(retireScript, {
            keys: [oldKey],
            arguments: [retired, String(toMs(retireFor)), keys.changes(oldAlias), `rotated ${id} ${message}`],
          }),
        call.ask(newKey, (client) => client.set(newKey, toLead(digest, userId, seal), newAliasSettings)),
        joining,
      ])
      const ms = toMs(Number(lives))
      if (ms > firstLife) await call.ask(newKey, (client) => client.pExpire(newKey, ms))
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
