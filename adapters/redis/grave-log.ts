import type { Grave } from '../hub/session-store.ts'
import type { RedisCalls } from './redis-calls.ts'
import { parseGrave } from './parse-grave.ts'
import type { Guards } from '../hub/guards.ts'
import type { RedisKeys } from './redis-keys.ts'
import { shards, toKeyDigest, toShard } from './redis-keys.ts'
import { buryScript } from './redis-scripts.ts'

/** The graves of all nodes, in the order in which Redis was told of them: a stream for each shard. */
export interface GraveLog {
  append(grave: Grave): Promise<void>
  /**
   * Reads what was appended since the last time.
   * @returns the shards whose log no longer has the newest entry of the last time; they are read from the beginning the
   * next time
   */
  read(hear: (grave: Grave) => void): Promise<readonly string[]>
  /** Has everything read from the beginning the next time. */
  forget(): void
}

export interface GraveLogOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  readonly guard: Pick<Guards, 'isGenuine'>
  /** Epoch ms. */
  readonly clock: () => number
}

interface Entry {
  readonly id: string
  readonly message: { readonly grave: string }
}

const pageSize = 1_000

export function createGraveLog({ calls, keys, guard, clock }: GraveLogOptions): GraveLog {
  /** The id of the newest entry that was read of each shard. */
  const newest = new Map<string, string>()

  /** @returns false where the newest entry of the last time is gone */
  async function readShard(shard: string, hear: (grave: Grave) => void): Promise<boolean> {
    const key = keys.graves(shard)
    const known = newest.get(shard)
    // That entry is read again, because Redis may have dropped the log, or may be another one that never had all of it.
    let start = known ?? '-'
    for (;;) {
      const from = start
      const page = await calls.begin().ask<Entry[]>(key, (client) => client.xRange(key, from, '+', { COUNT: pageSize }))
      if (from === known && page[0]?.id !== known) {
        newest.delete(shard)
        return false
      }
      for (const { message } of page) {
        const grave = parseGrave(message.grave, clock())
        if (grave && grave.until > clock() && guard.isGenuine(grave)) hear(grave)
      }
      const last = page.at(-1)?.id
      if (last === undefined) return true
      newest.set(shard, last)
      if (page.length < pageSize) return true
      start = `(${last}`
    }
  }

  return {
    async append(grave) {
      const shard = toGraveShard(grave)
      const keepFor = Math.max(1, Math.ceil(grave.until - clock()))
      await calls.begin().run(buryScript, {
        keys: [keys.graves(shard)],
        arguments: [JSON.stringify(grave), String(keepFor), keys.channel(shard)],
      })
    },
    async read(hear) {
      const areWhole = await Promise.all(shards.map((shard) => readShard(shard, hear)))
      return shards.filter((_, index) => !areWhole[index])
    },
    forget: () => newest.clear(),
  }
}

/** The shard in whose log a grave is kept. */
export const toGraveShard = ({ kind, id }: Grave) => toShard(toKeyDigest(`${kind}:${id}`))
