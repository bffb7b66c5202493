import type { Tombstone } from '../hub/store/session-store.ts'
import type { Guards } from '../hub/store/store-guards.ts'
import { parseTombstone } from './parse-tombstone.ts'
import type { RedisCalls } from './redis-calls.ts'
import { type RedisKeys, shards, toKeyDigest, toShard } from './redis-keys.ts'
import { tombstoneScript } from './redis-scripts.ts'

/** The tombstones of all nodes in the order in which Redis received them, with one stream for each shard. */
export interface TombstoneLog {
  append(tombstone: Tombstone): Promise<void>
  /**
   * Reads the tombstones that were appended since the last time.
   *
   * @returns The shards whose log no longer has the newest entry of the last time. They are read from the beginning the
   * next time.
   */
  read(hear: (tombstone: Tombstone) => void): Promise<readonly string[]>
  /** Makes the next `read` start from the beginning. */
  forget(): void
}

export interface TombstoneLogOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  readonly guard: Pick<Guards, 'isGenuine'>
  /** Epoch ms. */
  readonly clock: () => number
}

interface Entry {
  readonly id: string
  readonly message: { readonly tombstone: string }
}

const pageSize = 1_000

export function createTombstoneLog({ calls, keys, guard, clock }: TombstoneLogOptions): TombstoneLog {
  /** The id of the newest entry that was read, by shard. */
  const newest = new Map<string, string>()

  /** @returns False if the newest entry of the last time is gone */
  async function readShard(shard: string, hear: (tombstone: Tombstone) => void): Promise<boolean> {
    const key = keys.tombstones(shard)
    const known = newest.get(shard)
    // The newest known entry is read again, because Redis may have dropped the log, or may be another server that never
    // had all of it.
    let start = known ?? '-'
    for (;;) {
      const from = start
      const page = await calls.begin().ask<Entry[]>(key, (client) => client.xRange(key, from, '+', { COUNT: pageSize }))
      if (from === known && page[0]?.id !== known) {
        newest.delete(shard)
        return false
      }
      for (const { message } of page) {
        const tombstone = parseTombstone(message.tombstone, clock())
        if (tombstone && tombstone.until > clock() && guard.isGenuine(tombstone)) hear(tombstone)
      }
      const last = page.at(-1)?.id
      if (last === undefined) return true
      newest.set(shard, last)
      if (page.length < pageSize) return true
      start = `(${last}`
    }
  }

  return {
    async append(tombstone) {
      const shard = toTombstoneShard(tombstone)
      const keepFor = Math.max(1, Math.ceil(tombstone.until - clock()))
      await calls.begin().run(tombstoneScript, {
        keys: [keys.tombstones(shard)],
        arguments: [JSON.stringify(tombstone), String(keepFor), keys.channel(shard)],
      })
    },
    async read(hear) {
      const areWhole = await Promise.all(shards.map((shard) => readShard(shard, hear)))
      return shards.filter((_, index) => !areWhole[index])
    },
    forget: () => newest.clear(),
  }
}

/** Returns the shard whose log keeps a tombstone. */
export const toTombstoneShard = ({ kind, id }: Tombstone) => toShard(toKeyDigest(`${kind}:${id}`))
