import { createClient } from 'redis'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Tombstone } from '../../adapters/hub/store/session-store.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { createRedisKeys, shards } from '../../adapters/redis/redis-keys.ts'
import { eventually, useVirtualTime } from '../h3/harness.ts'
import { longestTimeout, untilReady } from '../nodes/nodes.ts'
import { createClusterStore, startCluster } from './redis-cluster.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

const toTombstone = (id: string): Tombstone => ({
  kind: 'session',
  id,
  clearedAt: Date.now(),
  until: Date.now() + 3_600_000,
})
const toProof = (sessionId: string) => ({ userId: 'user_a', sessionId, issuedAt: 0 })
const toIds = (count: number) => Array.from({ length: count }, (_, index) => `sess_${index}`)

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

  /** Fills Redis as another program does that uses it as a cache. */
  async function fill(settings?: { expiration: { type: 'EX'; value: number } }) {
    const client = await createClient({ url: redis.url })
      .on('error', () => {})
      .connect()
    for (let round = 0; round < 60; round += 1) {
      const keys = Array.from({ length: 100 }, (_, index) => `cache:${round}:${index}`)
      await Promise.all(keys.map((key) => client.set(key, 'x'.repeat(1_000), settings)))
    }
    client.destroy()
  }

  const countEntries = async () => {
    const script = `local sum = 0 for _, key in ipairs(redis.call('KEYS', '*:tombstones')) do sum = sum + redis.call('XLEN', key) end return sum`
    return Number(await redis.cli('EVAL', script, '0'))
  }

  it.each([
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
    'volatile-ttl',
  ])('causes one warning: %s', async (policy) => {
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

  it('causes no warning if it refuses instead', async () => {
    redis = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'noeviction')
    expect((await connectReady()).log.printed()).toEqual([])
  })

  it.each([
    ['allkeys-lru', undefined],
    ['volatile-lru', { expiration: { type: 'EX', value: 600 } }],
  ] as const)('gets the dropped keys back when a node starts: %s', async (policy, settings) => {
    redis = await startRedis('--maxmemory', '4mb', '--maxmemory-policy', policy)
    const { store } = await connectReady()
    const ids = toIds(40)
    for (const id of ids) await store.addTombstone(toTombstone(id))
    await fill(settings)
    expect(await countEntries()).toBeLessThan(ids.length)
    const late = await connectReady()
    expect(ids.filter((id) => late.store.findTombstone(toProof(id)) === null)).toEqual([])
  })

  it('gets them back within ten seconds if no node starts', async () => {
    redis = await startRedis()
    useVirtualTime()
    // This client sends no pings, so its connection stays open whatever the time is.
    const client = createClient({ url: redis.url }).on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const store = createRedisSessionStore({ client, timeout: longestTimeout, logger: {} })
    onTestFinished(() => store.close())
    await untilReady(store)
    const ids = toIds(200)
    await Promise.all(ids.map((id) => store.addTombstone(toTombstone(id))))
    for (let time = 0; time < 2; time += 1) {
      await redis.cli('FLUSHALL')
      await vi.advanceTimersByTimeAsync(10_000)
      await eventually(async () => (await countEntries()) === ids.length, 'the restoration')
    }
    // A complete log stays as it is, and lost entries come back however old they are.
    await vi.advanceTimersByTimeAsync(180_000)
    expect(await countEntries()).toBe(ids.length)
    await redis.cli('FLUSHALL')
    await vi.advanceTimersByTimeAsync(10_000)
    await eventually(async () => (await countEntries()) === ids.length, 'the restoration')
  })

  it('gets them back from all nodes together, not from each', async () => {
    redis = await startRedis()
    const nodes = await Promise.all(Array.from({ length: 4 }, connectReady))
    const ids = toIds(2_000)
    for (let start = 0; start < ids.length; start += 200) {
      await Promise.all(ids.slice(start, start + 200).map((id) => nodes[0]!.store.addTombstone(toTombstone(id))))
    }
    const knowAll = () => nodes.every(({ store }) => ids.every((id) => store.findTombstone(toProof(id)) !== null))
    await eventually(knowAll, 'the news')
    await redis.cli('FLUSHALL')
    const late = await connectReady()
    expect(ids.filter((id) => late.store.findTombstone(toProof(id)) === null)).toEqual([])
    expect(await countEntries()).toBeLessThan(1.7 * ids.length)
  })

  it('does not delay a node that starts beside a hanging one', async () => {
    redis = await startRedis()
    await connectReady()
    const deaf = await createClient({ url: redis.url })
      .on('error', () => {})
      .connect()
    // This node receives messages and never answers, as a stopped process does.
    await deaf.sSubscribe(createRedisKeys('authchart').channel(shards[0]!), () => {})
    const before = performance.now()
    const log = createStoreLog()
    const store = createRedisSessionStore({ url: redis.url, timeout: 300, logger: log.logger })
    onTestFinished(() => store.close())
    await untilReady(store)
    expect(performance.now() - before).toBeGreaterThan(290)
    expect(log.printed()).toEqual([])
    deaf.destroy()
  })
})

describe.runIf(findRedis())('a cluster of which one master drops keys', () => {
  it('causes a warning', async () => {
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
