import { createHash } from 'node:crypto'

/**
 * The shards that keys and channels are spread over, as hash tags. A session, its channel and its changes share a tag, so
 * that one script may touch them all (Redis Cluster specification, "Hash tags"). Each of these numbers falls into
 * another 64th of a cluster's slots, so that the masters have about as many shards each.
 */
export const shards: readonly string[] = [
  '10 18 113 342 29 21 3 122 69 61 72 162 50 58 153 43',
  '11 19 112 343 28 20 2 123 68 60 73 163 51 59 152 42',
  '12 102 111 119 133 23 1 9 173 63 70 78 52 142 49 41',
  '13 103 110 118 132 22 0 8 172 62 71 79 53 143 48 40',
].flatMap((row) => row.split(' '))

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** 132 bits of SHA-256 as base64url: neither an internal id nor a cookie's alias can be read off a key. */
export const toKeyDigest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/** The shard of a digest: its first character, of which there are as many as shards. */
export const toShard = (digest: string): string => shards[alphabet.indexOf(digest.charAt(0))]!

/** The names of everything in Redis. */
export interface RedisKeys {
  /** The record of a session, with its aliases. */
  readonly session: (digest: string) => string
  /** Leads to the digest of a session. */
  readonly alias: (digest: string) => string
  /** The log of tombstones of a shard. */
  readonly tombstones: (shard: string) => string
  /** A key of a shard that never exists. */
  readonly probe: (shard: string) => string
  /** Where the changes of a shard are told. */
  readonly channel: (shard: string) => string
}

export function createRedisKeys(prefix: string): RedisKeys {
  const toKey = (kind: string) => (digest: string) => `${prefix}:{${toShard(digest)}}:${kind}:${digest.slice(1)}`
  return {
    session: toKey('s'),
    alias: toKey('a'),
    tombstones: (shard) => `${prefix}:{${shard}}:tombstones`,
    probe: (shard) => `${prefix}:{${shard}}:probe`,
    channel: (shard) => `${prefix}:{${shard}}`,
  }
}
