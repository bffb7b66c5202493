import { createHash } from 'node:crypto'
import type { Tombstone } from '../../adapters/hub/store/session-store.ts'
import { createRedisKeys, toKeyDigest, toShard } from '../../adapters/redis/redis-keys.ts'
import type { SessionRecord } from '../../machines/index.ts'
import type { RedisServer } from '../store/redis-server.ts'

/** Creates a stranger who may run every command on the Redis of a deployment, but has none of its secrets. */
export function createStranger(redis: RedisServer, prefix: string) {
  const keys = createRedisKeys(prefix)
  const toAlias = (cookie: string) =>
    createHash('sha256')
      .update(cookie.slice(cookie.indexOf('=') + 1))
      .digest('base64url')
  const aliasKey = (cookie: string) => keys.alias(toKeyDigest(toAlias(cookie)))
  const toShardOf = (id: string) => toShard(toKeyDigest(id))

  async function read(cookie: string) {
    const [digest = ''] = (await redis.cli('GET', aliasKey(cookie))).split(' ')
    const key = keys.session(digest)
    const stored = await redis.cli('GET', key)
    const end = stored.indexOf('\n')
    return { key, head: stored.slice(0, end), record: JSON.parse(stored.slice(end + 1)) as SessionRecord }
  }

  const publish = (id: string, message: string) => redis.cli('SPUBLISH', keys.channel(toShardOf(id)), message)

  return {
    toAlias,
    /** Reads what Redis holds for the session of a cookie. */
    read,
    /** Replaces the record of a session. */
    async rewrite(cookie: string, change: (record: SessionRecord) => object) {
      const { key, head, record } = await read(cookie)
      const [, until, ...rest] = head.split(' ')
      const changed = { rev: record.rev, ...change(record) }
      await redis.cli('SET', key, `${changed.rev} ${[until, ...rest].join(' ')}\n${JSON.stringify(changed)}`)
      return changed
    },
    /** Makes one cookie lead to the session of another one. */
    async redirect(cookie: string, to: string) {
      const lead = await redis.cli('GET', aliasKey(to))
      await redis.cli('SET', aliasKey(cookie), lead)
    },
    tellRecord: (record: SessionRecord) => publish(record.id, `record ${record.id} ${JSON.stringify(record)}`),
    tellRotation: (id: string, rotation: object) => publish(id, `rotated ${id} ${JSON.stringify(rotation)}`),
    /** Appends a tombstone and publishes it. */
    async addTombstone(tombstone: Tombstone) {
      const shard = toShardOf(`${tombstone.kind}:${tombstone.id}`)
      const text = JSON.stringify(tombstone)
      await redis.cli('XADD', keys.tombstones(shard), '*', 'tombstone', text, 'until', String(tombstone.until))
      await redis.cli('SPUBLISH', keys.channel(shard), `tombstone - ${text}`)
    },
  }
}
