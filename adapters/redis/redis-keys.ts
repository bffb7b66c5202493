import { createHash } from 'node:crypto'

/**
 * The shards over which keys and channels are spread, as hash tags. A session, its channel and its changes share a tag,
 * so that one script may touch them all (Redis Cluster specification, "Hash tags"). Each of these numbers falls into a
 * different 64th of a cluster's slots, so that all masters have about the same number of shards.
 */
export const shards: readonly string[] = [
  '10 18 113 342 29 21 3 122 69 61 72 162 50 58 153 43',
  '11 19 112 343 28 20 2 123 68 60 73 163 51 59 152 42',
  '12 102 111 119 133 23 1 9 173 63 70 78 52 142 49 41',
  '13 103 110 118 132 22 0 8 172 62 71 79 53 143 48 40',
].flatMap((row) => row.split(' '))

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Returns 132 bits of SHA-256 as base64url, so that a key reveals neither an internal id nor a cookie's alias. */
export const toKeyDigest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/** Returns the shard of a digest by its first character, which has as many values as there are shards. */
export const toShard = (digest: string): string => shards[alphabet.indexOf(digest.charAt(0))]!

/** The names of all keys and channels in Redis. */
export interface RedisKeys {
  /** The record of a session, with its aliases. */
  readonly session: (digest: string) => string
  /** The key of an alias, which contains the digest of a session. */
  readonly alias: (digest: string) => string
  /** The sessions of a user, by the digest of the user's id. */
  readonly user: (digest: string) => string
  /** The log of tombstones of a shard. */
  readonly tombstones: (shard: string) => string
  /** A key of a shard that never exists. */
  readonly probe: (shard: string) => string
  /** The channel of a shard for what concerns every node. */
  readonly channel: (shard: string) => string
  /** The channel for the changes of a session or an alias. */
  readonly changes: (digest: string) => string
}

export function createRedisKeys(prefix: string): RedisKeys {
  const toKey = (kind: string) => (digest: string) => `${prefix}:{${toShard(digest)}}:${kind}:${digest.slice(1)}`
  return {
    session: toKey('s'),
    alias: toKey('a'),
    user: toKey('u'),
    tombstones: (shard) => `${prefix}:{${shard}}:tombstones`,
    probe: (shard) => `${prefix}:{${shard}}:probe`,
    channel: (shard) => `${prefix}:{${shard}}`,
    changes: toKey('c'),
  }
}
