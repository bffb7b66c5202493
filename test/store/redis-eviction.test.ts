import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { eventually } from '../h3/harness.ts'
import { untilReady } from '../nodes/nodes.ts'
import { createClusterStore, startCluster } from './redis-cluster.ts'
import { findRedis, startRedis } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

describe.runIf(findRedis())('a Redis that drops keys', () => {
  let redis: RedisServer
  afterEach(() => redis.stop())

  function connect() {
    const log = createStoreLog()
    const store = createRedisSessionStore({ url: redis.url, timeout: 5_000, logger: log.logger })
    onTestFinished(() => store.close())
    return { store, log }
  }

  async function connectReady() {
    const node = connect()
    await untilReady(node.store)
    return node
  }

  it.each([
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
    'volatile-ttl',
  ])('is warned of once: %s', async (policy) => {
    redis = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', policy)
    const { log } = await connectReady()
    expect(log.printed()).toEqual([
      {
        level: 'warn',
        code: 'redis.eviction',
        details: { policy, remedy: expect.stringContaining('`maxmemory-policy noeviction`') as string },
      },
    ])
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    await eventually(() => log.codes('info').length === 2, 'the recovery')
    expect(log.codes('warn').filter((code) => code === 'redis.eviction')).toHaveLength(1)
  })

  it('is not warned of where it refuses instead', async () => {
    redis = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'noeviction')
    expect((await connectReady()).log.printed()).toEqual([])
  })
})

describe.runIf(findRedis())('a cluster of which one master drops keys', () => {
  it('is warned of', async () => {
    const masters = await startCluster()
    onTestFinished(async () => {
      await Promise.all(masters.map((master) => master.stop()))
    })
    await masters[1]!.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const log = createStoreLog()
    await createClusterStore(masters, { logger: log.logger })
    expect(log.printed()).toMatchObject([{ code: 'redis.eviction', details: { policy: 'allkeys-lru' } }])
  })
})
