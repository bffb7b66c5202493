import { createClient } from 'redis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisSessionStore, type RedisSessionStore } from '../../adapters/redis/index.ts'
import { toRecord } from '../bench/redis-sessions.ts'
import { eventually } from '../h3/harness.ts'
import { createPatientClient, untilLost, untilReady } from '../nodes/nodes.ts'
import { measureHeap } from './measure-heap.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'

const timeout = 50
const requests = 20_000

/** Resolves after everything has run that takes no time. */
const untilTurned = () => new Promise((resolve) => setImmediate(resolve, 'still waiting'))

describe.runIf(findRedis())('while Redis cannot be reached', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  function connect(patience = timeout): RedisSessionStore {
    const store = createRedisSessionStore({
      url: redis.url,
      timeout: patience,
      logger: { info() {}, warn() {}, error() {} },
    })
    onTestFinished(() => store.close())
    return store
  }

  /**
   * Asks very many times if a store is ready.
   *
   * @returns the answers, and the bytes that each request has left behind
   */
  async function ask(store: RedisSessionStore) {
    const answers = new Set<string>()
    const askAll = async (count: number) => {
      const settled = await Promise.allSettled(Array.from({ length: count }, () => store.ready('loaded')))
      for (const { status } of settled) answers.add(status)
    }
    await askAll(500)
    const before = measureHeap()
    for (let asked = 0; asked < requests; asked += 2_000) await askAll(2_000)
    return { answers: [...answers], bytes: (measureHeap() - before) / requests }
  }

  it('a request leaves nothing behind, and does not wait', async () => {
    const store = connect()
    await untilReady(store)
    await redis.kill()
    await untilLost(store)
    const { answers, bytes } = await ask(store)
    expect(answers).toEqual(['fulfilled'])
    expect(bytes).toBeLessThan(100)
    expect(await Promise.race([store.ready('loaded'), untilTurned()])).toBeUndefined()
    await redis.restart()
    await untilReady(store)
  })

  it('a node with very many sessions is current again after it, with all of their channels', async () => {
    const [here, there] = [connect(2_000), connect(2_000)]
    await Promise.all([untilReady(here), untilReady(there)])
    const records = Array.from({ length: 1_000 }, (_, index) => toRecord(index, 1))
    const heard = new Set<string>()
    here.watch(
      (change) => void (change.type === 'record' && change.record.rev === 2 && heard.add(change.record.id)),
      () => true,
    )
    const until = Date.now() + 3_600_000
    for (const record of records) await here.write(record, { expectedRev: null, until })
    await redis.kill()
    await Promise.all([untilLost(here), untilLost(there)])
    await redis.restart()
    await Promise.all([untilReady(here), untilReady(there)])
    for (const record of records) await there.write({ ...record, rev: 2 }, { expectedRev: null, until })
    await eventually(() => heard.size === records.length, 'a message about every session')
    expect(heard.size).toBe(records.length)
  })

  it('a request that waits in vain for the first connection leaves nothing behind either', async () => {
    await redis.kill()
    const store = connect()
    const { answers, bytes } = await ask(store)
    expect(answers).toEqual(['rejected'])
    expect(bytes).toBeLessThan(100)
    await redis.restart()
    await untilReady(store)
  })

  it('a request of a node that reads the tombstones waits no longer than the answer that is overdue', async () => {
    const store = createRedisSessionStore({ client: await createPatientClient(redis), timeout, logger: {} })
    onTestFinished(() => store.close())
    await untilReady(store)
    redis.freeze()
    // The store reads again what it believed so far.
    store.guardWith?.({ isGenuine: () => true, noteFalse() {} })
    const isRefusedAtOnce = async () => {
      const answer = store.ready('loaded').then(
        () => 'loaded',
        () => 'refused',
      )
      return (await Promise.race([answer, untilTurned()])) === 'refused'
    }
    await eventually(isRefusedAtOnce, 'the refusal')
    expect(await isRefusedAtOnce()).toBe(true)
    redis.thaw()
    await untilReady(store)
  })

  it('a request right after the loss waits for a Redis that may be back soon', async () => {
    const client = createClient({ url: redis.url, disableOfflineQueue: true }).on('error', () => {})
    const subscriber = client.duplicate()
    client.duplicate = (() => subscriber) as never
    await client.connect()
    onTestFinished(() => client.destroy())
    const store = createRedisSessionStore({ client, timeout: 20_000, logger: { info() {}, warn() {}, error() {} } })
    onTestFinished(() => store.close())
    await untilReady(store)
    const untilReconnecting = (of: typeof client) => new Promise((resolve) => void of.once('reconnecting', resolve))
    const isLost = Promise.all([client, subscriber].map(untilReconnecting))
    await redis.kill()
    await isLost
    const ready = store.ready('current').then(() => 'ready')
    expect(await Promise.race([ready, untilTurned()])).toBe('still waiting')
    await redis.restart()
    expect(await ready).toBe('ready')
  })
})
