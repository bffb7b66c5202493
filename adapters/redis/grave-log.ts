import type { Grave } from '../hub/session-store.ts'
import type { RedisCalls } from './redis-calls.ts'
import type { RedisKeys } from './redis-keys.ts'
import { shards, toKeyDigest, toShard } from './redis-keys.ts'
import { buryScript } from './redis-scripts.ts'

/** What was buried on any node, in the order in which Redis was told: a stream for each shard. */
export interface GraveLog {
  append(grave: Grave): Promise<void>
  /** Reads what was appended since the last time. `overlap`: ms of what was read before to read again. */
  read(overlap: number, hear: (grave: Grave) => void): Promise<void>
  /** What this node appended within the last minute. */
  recent(): Grave[]
}

export interface GraveLogOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  /** Epoch ms. */
  readonly clock: () => number
}

interface Entry {
  readonly id: string
  readonly message: { readonly grave: string }
}

const pageSize = 1_000
/** What a replica that takes over may lack, ms: appended anew by the node that buried it. */
const recentFor = 60_000

export function createGraveLog({ calls, keys, clock }: GraveLogOptions): GraveLog {
  const last = new Map<string, string>()
  const appended = new Map<Grave, number>()

  function dropOld() {
    for (const [grave, at] of appended) {
      if (performance.now() - at < recentFor) return
      appended.delete(grave)
    }
  }

  async function readShard(shard: string, overlap: number, hear: (grave: Grave) => void) {
    const key = keys.graves(shard)
    const known = last.get(shard)
    let start = known === undefined ? '-' : overlap > 0 ? toStart(known, overlap) : `(${known}`
    for (;;) {
      const from = start
      const page = await calls.begin().ask<Entry[]>(key, (client) => client.xRange(key, from, '+', { COUNT: pageSize }))
      for (const { message } of page) {
        const grave = JSON.parse(message.grave) as Grave
        if (grave.until > clock()) hear(grave)
      }
      const newest = page.at(-1)?.id
      if (newest === undefined) return
      if (isNewer(newest, last.get(shard))) last.set(shard, newest)
      if (page.length < pageSize) return
      start = `(${newest}`
    }
  }

  return {
    async append(grave) {
      const shard = toShard(toKeyDigest(`${grave.kind}:${grave.id}`))
      const keepFor = Math.max(1, Math.ceil(grave.until - clock()))
      await calls.begin().run(buryScript, {
        keys: [keys.graves(shard)],
        arguments: [JSON.stringify(grave), String(keepFor), keys.channel(shard)],
      })
      dropOld()
      appended.set(grave, performance.now())
    },
    async read(overlap, hear) {
      await Promise.all(shards.map((shard) => readShard(shard, overlap, hear)))
    },
    recent() {
      dropOld()
      return [...appended.keys()]
    },
  }
}

/** Ids begin with the ms of Redis's clock. */
const toStart = (id: string, overlap: number) => String(Math.max(0, Number.parseInt(id, 10) - overlap))

function isNewer(a: string, b: string | undefined): boolean {
  if (b === undefined) return true
  const [aMs = 0, aSeq = 0] = a.split('-').map(Number)
  const [bMs = 0, bSeq = 0] = b.split('-').map(Number)
  return aMs > bMs || (aMs === bMs && aSeq > bSeq)
}
