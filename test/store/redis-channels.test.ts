import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { StoreChange } from '../../adapters/h3/index.ts'
import { createRedisSessionStore, type RedisSessionStore } from '../../adapters/redis/index.ts'
import { createRedisKeys, toKeyDigest } from '../../adapters/redis/redis-keys.ts'
import { eventually } from '../h3/harness.ts'
import { createTestRecord } from '../kit/session-store-tests.ts'
import { untilReady } from '../nodes/nodes.ts'
import { createClusterStore, startCluster } from './redis-cluster.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'

const until = Date.now() + 600_000
const keys = createRedisKeys('authchart')
const toIds = (count: number, name = 'session') => Array.from({ length: count }, (_, index) => `${name}-${index}`)

/** What a node hears of the sessions that it holds. */
function listen(store: RedisSessionStore, held: ReadonlySet<string>) {
  const revs = new Map<string, number>()
  const heard: StoreChange[] = []
  store.watch(
    (change) => {
      heard.push(change)
      if (change.type === 'record') revs.set(change.record.id, change.record.rev)
    },
    (name) => held.has(name),
  )
  return { revs, heard, backs: () => heard.filter(({ type }) => type === 'back').length }
}

async function keep(store: RedisSessionStore, ids: readonly string[]) {
  for (const id of ids) {
    await store.write(createTestRecord({ id }), { expectedRev: null, until })
    await store.rotate(id, { from: null, to: `alias-${id}`, retireFor: 10_000 })
  }
}

const renew = (store: RedisSessionStore, ids: readonly string[], rev: number) =>
  Promise.all(ids.map((id) => store.write(createTestRecord({ id, rev }), { expectedRev: rev - 1, until })))

describe.runIf(findRedis())('the channels of the sessions that a node holds', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  const countChannels = async () =>
    (await redis.cli('PUBSUB', 'SHARDCHANNELS', 'authchart:*:c:*')).split('\n').filter(Boolean).length

  async function start() {
    await redis.cli('FLUSHALL')
    // Thousands of requests at once take their time on a busy machine.
    const [a, b] = [0, 1].map(() => createRedisSessionStore({ url: redis.url, timeout: 60_000, logger: {} })) as [
      RedisSessionStore,
      RedisSessionStore,
    ]
    onTestFinished(async () => {
      await Promise.all([a.close(), b.close()])
      await eventually(async () => (await countChannels()) === 0, 'the end of the connections')
    })
    await Promise.all([untilReady(a), untilReady(b)])
    return { a, b }
  }

  it('are subscribed while a session is wanted, and let go afterwards, for thousands of them', async () => {
    const { a, b } = await start()
    const ids = toIds(3_000)
    const held = new Set(ids)
    listen(a, new Set())
    const { revs } = listen(b, held)
    await keep(a, ids)
    await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
    await eventually(async () => (await countChannels()) === ids.length, 'the subscriptions')
    await renew(a, ids, 2)
    await eventually(() => ids.every((id) => revs.get(id) === 2), 'the messages')
    for (const id of ids.slice(1)) held.delete(id)
    // The node that wrote them wants none either, so that one channel is left, with one listener.
    await eventually(async () => (await countChannels()) === 1, 'the last but one')
    const channel = keys.changes(toKeyDigest(ids[0]!))
    await eventually(async () => (await redis.cli('PUBSUB', 'SHARDNUMSUB', channel)).endsWith('1'), 'one listener')
    await renew(a, ids.slice(0, 2), 3)
    await eventually(() => revs.get(ids[0]!) === 3, 'the message')
    expect(revs.get(ids[1]!)).toBe(2)
  })

  it('tell of a session that is read again right after it was let go', async () => {
    const { a, b } = await start()
    const held = new Set<string>()
    const { revs } = listen(b, held)
    listen(a, new Set())
    await keep(a, ['session-0'])
    for (let rev = 2; rev < 4; rev += 1) {
      await eventually(async () => (await countChannels()) === 0, 'the last channel')
      await b.read('alias-session-0')
      held.add('session-0')
      await renew(a, ['session-0'], rev)
      await eventually(() => revs.get('session-0') === rev, 'the message')
      held.delete('session-0')
    }
    expect(revs.get('session-0')).toBe(3)
  })

  it('are subscribed before the record is read, however long that takes', async () => {
    const { a } = await start()
    const client = createClient({ url: redis.url, disableOfflineQueue: true })
    await client.connect()
    const subscriber = client.duplicate()
    const { sSubscribe } = subscriber
    const gate = { asked: 0, open: () => {} }
    const opened = new Promise<void>((resolve) => (gate.open = resolve))
    subscriber.sSubscribe = (async (...args: Parameters<typeof sSubscribe>) => {
      const isOfSession = String(args[0]).includes(':c:')
      if (isOfSession) gate.asked += 1
      if (isOfSession) await opened
      return sSubscribe.apply(subscriber, args)
    }) as never
    client.duplicate = (() => subscriber) as never
    const b = createRedisSessionStore({ client, timeout: 20_000, logger: {} })
    onTestFinished(async () => {
      await b.close()
      client.destroy()
    })
    await untilReady(b)
    listen(b, new Set(['session-0']))
    await keep(a, ['session-0'])
    const read = b.read('alias-session-0')
    await eventually(() => gate.asked === 1, 'the subscription')
    await renew(a, ['session-0'], 2)
    gate.open()
    expect((await read)?.record.rev).toBe(2)
  })

  it('tell of a change that comes before the node holds the session that it has read', async () => {
    const { a, b } = await start()
    const held = new Set<string>()
    const { heard } = listen(b, held)
    await keep(a, ['session-0'])
    expect((await b.read('alias-session-0'))?.record.rev).toBe(1)
    await renew(a, ['session-0'], 2)
    await a.addTombstone({ kind: 'session', id: 'fence', clearedAt: 0, until })
    await eventually(() => heard.some(({ type }) => type === 'tombstone'), 'the fence')
    expect(heard.map(({ type }) => type)).toEqual(['tombstone'])
    held.add('session-0')
    await eventually(() => heard.length === 2, 'the message')
    expect(heard[1]).toMatchObject({ type: 'record', record: { rev: 2 } })
  })

  it('are subscribed again after the connection has broken, those too that were read meanwhile', async () => {
    const { a, b } = await start()
    const ids = toIds(200)
    const held = new Set(ids)
    const { revs, backs } = listen(b, held)
    listen(a, held)
    await keep(a, ids)
    const early = ids.slice(0, 100)
    await Promise.all(early.map((id) => b.read(`alias-${id}`)))
    for (let round = 1; round <= 3; round += 1) {
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
      await eventually(() => backs() >= round, 'the end of the outage')
      await Promise.all([untilReady(a), untilReady(b)])
      await renew(a, ids, round + 1)
      await eventually(() => ids.every((id) => revs.get(id) === round + 1), 'the messages')
    }
    expect(await countChannels()).toBe(ids.length)
  })

  it('are subscribed again after Redis was away', async () => {
    const { a, b } = await start()
    const ids = toIds(100)
    const { revs, backs } = listen(b, new Set(ids))
    await keep(a, ids)
    await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
    await redis.kill()
    await redis.restart()
    await eventually(() => backs() > 0, 'the end of the outage')
    await Promise.all([untilReady(a), untilReady(b)])
    await keep(a, ids)
    await renew(a, ids, 2)
    await eventually(() => ids.every((id) => revs.get(id) === 2), 'the messages')
    expect(await countChannels()).toBe(ids.length)
  })

  it('are not told to a listener of another deployment, nor of other sessions', async () => {
    const { a } = await start()
    const client = createClient({ url: redis.url })
    await client.connect()
    onTestFinished(() => client.destroy())
    const heard: string[] = []
    await client.sSubscribe(keys.changes(toKeyDigest('session-1')), (message) => void heard.push(message))
    await keep(a, ['session-0', 'session-1'])
    await eventually(() => heard.length === 2, 'the messages')
    expect(heard.map((message) => message.split(' ').slice(0, 2))).toEqual([
      ['record', 'session-1'],
      ['rotated', 'session-1'],
    ])
  })
})

describe.runIf(findRedis())('the channels of the sessions that a node holds, on a cluster', () => {
  let masters: RedisServer[]
  beforeAll(async () => {
    masters = await startCluster()
  }, 60_000)
  afterAll(() => Promise.all(masters.map((master) => master.stop())))

  it('follow their slots to another master, while sessions come and go', { timeout: 120_000 }, async () => {
    const [a, b] = await Promise.all([createClusterStore(masters), createClusterStore(masters)])
    const ids = toIds(300)
    const held = new Set(ids)
    const { revs, backs } = listen(b, held)
    listen(a, new Set())
    await keep(a, ids)
    await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
    await renew(a, ids, 2)
    await eventually(() => ids.every((id) => revs.get(id) === 2), 'the messages')
    const busy = { isOver: false, count: 0 }
    const work = keepBusy(b, busy)
    await reshard(0, 1)
    busy.isOver = true
    await work
    expect(busy.count).toBeGreaterThan(10)
    await Promise.all([untilReady(a), untilReady(b)])
    await eventually(() => backs() > 0, 'the notice of the move')
    await renew(a, ids, 3)
    await eventually(() => ids.every((id) => revs.get(id) === 3), 'the messages')
  })

  it('are noticed to have moved where nothing was under way', { timeout: 120_000 }, async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const [a, b] = await Promise.all([createClusterStore(masters), createClusterStore(masters)])
    const ids = toIds(100, 'quiet')
    const { revs, backs } = listen(b, new Set(ids))
    await keep(a, ids)
    await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
    await reshard(2, 1)
    expect(backs()).toBe(0)
    await vi.advanceTimersByTimeAsync(10_000)
    await eventually(() => backs() > 0, 'the notice of the move')
    await renew(a, ids, 2)
    await eventually(() => ids.every((id) => revs.get(id) === 2), 'the messages')
  })

  it('are followed again after a node has lost all of its connections', { timeout: 120_000 }, async () => {
    const [a, b] = await Promise.all([createClusterStore(masters), createClusterStore(masters)])
    const ids = toIds(1_500, 'many')
    const { revs } = listen(b, new Set(ids))
    await keep(a, ids)
    await Promise.all(ids.map((id) => b.read(`alias-${id}`)))
    for (const master of masters) await master.cli('CLIENT', 'KILL', 'TYPE', 'PUBSUB')
    await Promise.all([untilReady(a), untilReady(b)])
    await eventually(async () => {
      const counts = await Promise.all(
        masters.map((master) => master.cli('PUBSUB', 'SHARDCHANNELS', 'authchart:*:c:*')),
      )
      return counts.flatMap((text) => text.split('\n').filter(Boolean)).length >= ids.length
    }, 'the subscriptions')
    await renew(a, ids, 2)
    await eventually(() => ids.every((id) => revs.get(id) === 2), 'the messages')
    expect(revs.size).toBe(ids.length)
  })

  /** Moves 4,000 slots from one master to another. */
  async function reshard(from: number, to: number) {
    const [source, target] = await Promise.all([from, to].map((index) => masters[index]!.cli('CLUSTER', 'MYID')))
    const slots = ['--cluster-from', source!, '--cluster-to', target!, '--cluster-slots', '4000', '--cluster-yes']
    await masters[0]!.cli('--cluster', 'reshard', `127.0.0.1:${masters[0]!.port}`, ...slots)
  }

  /** Reads sessions that nobody holds, so that subscriptions are under way while slots move. */
  async function keepBusy(store: RedisSessionStore, busy: { isOver: boolean; count: number }) {
    const client = await createClusterStore(masters)
    for (let index = 0; !busy.isOver; index += 1) {
      const id = `passing-${index}`
      await keep(client, [id]).catch(() => {})
      await store.read(`alias-${id}`).catch(() => {})
      busy.count += 1
    }
  }
})
