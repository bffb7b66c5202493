import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { testSessionStore } from '../kit/session-store-tests.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'

describe.runIf(findRedis())('on a real Redis', () => {
  const subscribers = new Set<{ ping(): Promise<unknown> }>()
  let redis: RedisServer
  let count = 0
  let now: () => number

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(() => {
    count += 1
    subscribers.clear()
  })

  /** Creates another node on the data of this test. */
  async function createNode() {
    const client = createClient({ url: redis.url, disableOfflineQueue: true }).on('error', () => {})
    const { duplicate } = client
    client.duplicate = (...args) => {
      const subscriber = duplicate.apply(client, args as never)
      subscribers.add(subscriber)
      return subscriber as never
    }
    await client.connect()
    const store = createRedisSessionStore({ client, prefix: `test${count}`, clock: now, timeout: 5_000 })
    await store.ready('current')
    const close = async () => {
      await store.close()
      client.destroy()
    }
    return { ...store, close }
  }

  const tests = testSessionStore({
    createStore(clock) {
      now = clock
      return createNode()
    },
    createPeer: createNode,
    // A connection gets its messages and its answers in order.
    arrive: async () => {
      await Promise.all([...subscribers].map((subscriber) => subscriber.ping()))
    },
  })
  for (const { title, run } of tests) it(title, () => run())
})
