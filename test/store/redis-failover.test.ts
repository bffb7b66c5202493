import { createClient, createSentinel } from 'redis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createRedisSessionStore, type RedisSessionStoreOptions } from '../../adapters/redis/index.ts'
import { eventually, useVirtualTime } from '../h3/harness.ts'
import { longestTimeout, untilReady } from '../nodes/nodes.ts'
import { startProxy } from './redis-proxy.ts'
import { findRedis, startRedis, startSentinel, type RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

const until = Date.now() + 600_000
const quick = ['--repl-diskless-sync-delay', '0']

/**
 * Opens a store on a client of the test's own, and waits until it knows the tombstones. It is closed after the test.
 */
async function openStore(client: NonNullable<RedisSessionStoreOptions['client']>) {
  const log = createStoreLog()
  const store = createRedisSessionStore({ client, logger: log.logger })
  onTestFinished(() => store.close())
  await untilReady(store)
  return { store, log }
}

describe.runIf(findRedis())('an address that later leads to another Redis', () => {
  let old: RedisServer
  let next: RedisServer
  beforeEach(async () => {
    old = await startRedis()
    next = await startRedis()
  })
  afterEach(() => Promise.all([old.stop(), next.stop()]))

  it.each([2, 3] as const)('is also followed by a client of your own, in RESP%i', async (RESP) => {
    const proxy = await startProxy(old)
    const client = createClient({ url: proxy.url, disableOfflineQueue: true, RESP }).on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const { store, log } = await openStore(client)
    await client.set('mine', 'kept')
    await old.cli('REPLICAOF', '127.0.0.1', '1')
    const tombstone = { kind: 'session', id: 'sess_a', clearedAt: Date.now(), until } as const
    // Commands that were sent before the connection is given up get their answers.
    const answers = await Promise.allSettled([store.addTombstone(tombstone), client.get('mine')])
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    const { accepted } = proxy
    await eventually(() => proxy.accepted > accepted + 1, 'another attempt')
    proxy.pointTo(next)
    await untilReady(store)
    await store.addTombstone(tombstone)
    expect(await next.cli('DBSIZE')).toBe('1')
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'replica' } }])
    // Both connections have moved, so the messages come from the new one.
    const clients = await old.cli('CLIENT', 'LIST', 'TYPE', 'pubsub')
    expect(clients).not.toContain('ssub=64')
  })

  it('is noticed within ten seconds by a node that has nothing to store', async () => {
    const proxy = await startProxy(old)
    useVirtualTime()
    // This client sends no pings, so its connection stays open whatever the time is.
    const client = createClient({ url: proxy.url, disableOfflineQueue: true }).on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const log = createStoreLog()
    const store = createRedisSessionStore({ client, timeout: longestTimeout, logger: log.logger })
    onTestFinished(() => store.close())
    await untilReady(store)
    await old.cli('REPLICAOF', '127.0.0.1', '1')
    proxy.pointTo(next)
    await vi.advanceTimersByTimeAsync(9_900)
    expect(log.printed()).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    await eventually(() => log.printed().length > 0, 'the line')
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'replica' } }])
    await eventually(async () => {
      await vi.advanceTimersByTimeAsync(50)
      return log.codes('info').length === 2
    }, 'the recovery')
    await store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: Date.now(), until })
    expect(await next.cli('DBSIZE')).toBe('1')
  })
})

describe.runIf(findRedis())('a client of Sentinel', () => {
  it('follows Sentinel to the new primary', { timeout: 60_000 }, async () => {
    const primary = await startRedis(...quick)
    onTestFinished(() => primary.stop())
    const replica = await startRedis(...quick)
    onTestFinished(() => replica.stop())
    await replica.cli('REPLICAOF', '127.0.0.1', String(primary.port))
    const isInSync = async () => (await replica.cli('INFO', 'replication')).includes('link_status:up')
    await eventually(isInSync, 'the replication')
    const sentinel = await startSentinel(primary)
    onTestFinished(() => sentinel.stop())
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [{ host: '127.0.0.1', port: sentinel.port }],
      nodeClientOptions: { disableOfflineQueue: true },
    }).on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    const { store } = await openStore(client)
    await store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: Date.now(), until })
    await eventually(async () => (await replica.cli('DBSIZE')) === '1', 'the copy')
    await primary.kill()
    const tombstone = { kind: 'session', id: 'sess_b', clearedAt: Date.now(), until } as const
    await eventually(() => store.addTombstone(tombstone).then(...isIt), 'the tombstone')
    await untilReady(store)
    const late = createRedisSessionStore({ url: replica.url, logger: {} })
    onTestFinished(() => late.close())
    const isKnown = (sessionId: string) => late.findTombstone({ userId: 'user_a', sessionId, issuedAt: 0 }) !== null
    await expect.poll(() => isKnown('sess_a') && isKnown('sess_b')).toBe(true)
  })
})

const isIt = [() => true, () => false] as const
