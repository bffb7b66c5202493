import type { Logger } from '../logger.ts'
import type { RedisCalls } from './redis-calls.ts'
import type { RedisKeys } from './redis-keys.ts'
import { probeScript } from './redis-scripts.ts'

export interface RedisProbeOptions {
  readonly calls: RedisCalls
  readonly keys: RedisKeys
  readonly logger: Logger
}

/** The only policy under which Redis keeps everything that it has acknowledged. */
const safePolicy = 'noeviction'
const evictionRemedy =
  'When this Redis is full, it drops keys, and with them sign-outs that it has acknowledged. Set `maxmemory-policy noeviction`, or give the store a Redis of its own'

/**
 * Creates the function that tests if Redis would store the next decision. A replica, a full Redis and one that cannot
 * write its files all answer reads as usual. The function rejects with Redis's error. With `isThorough` it also checks
 * the user's rights, and warns of an eviction policy.
 */
export function createRedisProbe({ calls, keys, logger }: RedisProbeOptions): (isThorough: boolean) => Promise<void> {
  const warned = new Set<string>()

  async function probe(shard: string, isThorough: boolean) {
    const [missing, policy] = await calls.begin().run<[string, string]>(probeScript, {
      keys: [keys.probe(shard)],
      arguments: [keys.channel(shard), isThorough ? '1' : ''],
    })
    if (missing !== '') throw new Error(`NOPERM the user of the store may not run these commands here: ${missing}`)
    if (policy === '' || policy === safePolicy || warned.has(policy)) return
    warned.add(policy)
    logger.warn('redis.eviction', { policy, remedy: evictionRemedy })
  }

  return async (isThorough) => {
    await Promise.all(calls.lanes.map((shard) => probe(shard, isThorough)))
  }
}
