/**
 * Measures what a session costs on Redis: the bytes of its keys, and for each renewal the CPU of Redis, of the node
 * that writes and of a node that shows the session. `others` is a number of further connections that hold all sessions,
 * to see what each costs Redis. Run: `npx tsx test/bench/redis-cost.ts [sessions] [renewals] [others]`. The last line is JSON.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { createRedisKeys, toKeyDigest } from '../../adapters/redis/redis-keys.ts'
import { startRedis } from '../store/redis-server.ts'
import { readInfo, readOwnCpu, readRedisCpu, seal, toAlias, toRecord, untilReady } from './redis-sessions.ts'

const self = fileURLToPath(import.meta.url)

/** A process that listens, as a node does that shows the sessions which another one renews. */
async function listen(url: string, sessions: number, others: number) {
  const store = createRedisSessionStore({ url, timeout: 30_000 })
  const told = { records: 0, tombstones: 0 }
  const held = new Set(Array.from({ length: sessions }, (_, index) => toRecord(index, 1).id))
  store.watch(
    ({ type }) => {
      if (type === 'tombstone') told.tombstones += 1
      if (type === 'record') told.records += 1
    },
    (name) => held.has(name),
  )
  await untilReady(store)
  process.on('message', (message) => void (message === 'follow' ? follow() : report()))
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')

  async function follow() {
    await inBatches(sessions, (index) => store.read(toAlias(index)))
    await subscribeOthers(url, sessions, others)
    report()
  }

  function report() {
    const cpu = readOwnCpu()
    globalThis.gc?.()
    process.send?.({ ...told, cpu, heap: process.memoryUsage().heapUsed })
  }
}

async function inBatches(count: number, work: (index: number) => Promise<unknown>) {
  for (let start = 0; start < count; start += 200) {
    await Promise.all(Array.from({ length: Math.min(200, count - start) }, (_, index) => work(start + index)))
  }
}

/** Subscribes as nodes do that hold all sessions, and drops what it hears. */
async function subscribeOthers(url: string, sessions: number, others: number) {
  const keys = createRedisKeys('authchart')
  for (let other = 0; other < others; other += 1) {
    const client = await createClient({ url }).connect()
    await inBatches(sessions, (index) => client.sSubscribe(keys.changes(toKeyDigest(toRecord(index, 1).id)), () => {}))
  }
}

async function main(sessions: number, renewals: number, others: number) {
  const redis = await startRedis()
  const store = seal(createRedisSessionStore({ url: redis.url, timeout: 30_000 }))
  // The node that renews a session holds it too.
  store.watch(() => {})
  await untilReady(store)
  const args = ['listen', redis.url, String(sessions), String(others)]
  const listener = fork(self, args, { execArgv: [...process.execArgv, '--expose-gc'] })
  await once(listener, 'message')
  const ask = async (request = 'report') => {
    listener.send(request)
    const [report] = (await once(listener, 'message')) as [Record<'records' | 'tombstones' | 'cpu' | 'heap', number>]
    return report
  }
  const info = (field: string) => readInfo(redis, field)
  const redisCpu = () => readRedisCpu(redis)
  const until = () => Date.now() + 3_600_000

  const empty = await info('used_memory')
  await inBatches(sessions, async (index) => {
    const record = toRecord(index, 1)
    await store.write(record, { expectedRev: null, until: until() })
    await store.rotate(record.id, { from: null, to: toAlias(index), userId: record.userId, retireFor: 10_000 })
  })
  const held = await info('used_memory')
  const keys = (await redis.cli('--scan', '--pattern', 'authchart:*')).split('\n')
  const usage = async (kind: string) =>
    Number(
      await redis.cli(
        'MEMORY',
        'USAGE',
        keys.find((key) => key.includes(kind))!,
      ),
    )

  const alone = await ask()
  const following = await ask('follow')
  const heldTwice = await info('used_memory')
  const [redisBefore, ownBefore, toldBefore] = [await redisCpu(), readOwnCpu(), await ask()]
  await inBatches(renewals, (index) => {
    const rev = 2 + Math.floor(index / sessions)
    const session = index % sessions
    return store.write(toRecord(session, rev), { expectedRev: rev - 1, until: until() })
  })
  let told = await ask()
  while (told.records - toldBefore.records < renewals) told = await ask()
  const [redisAfter, ownAfter] = [await redisCpu(), readOwnCpu()]

  const beforeReads = [await redisCpu(), readOwnCpu()] as const
  await inBatches(sessions, (index) => store.read(toAlias(index)))
  const afterReads = [await redisCpu(), readOwnCpu()] as const

  const beforeTombstones = [await info('used_memory'), await ask()] as const
  const tombstones = sessions
  await inBatches(tombstones, (index) =>
    store.addTombstone({
      kind: 'session',
      id: toRecord(index, 1).sessionId!,
      clearedAt: Date.now(),
      until: Date.now() + 86_400_000,
    }),
  )
  let ended = await ask()
  while (ended.tombstones < tombstones) ended = await ask()
  const afterTombstones = await info('used_memory')

  const per = (value: number, count: number) => Math.round((value / count) * 10) / 10
  const summary = {
    sessions,
    renewals,
    others,
    bytes: {
      perSession: per(held - empty, sessions),
      perHolder: per(heldTwice - held, sessions * (1 + others)),
      perSessionOnAHolder: per(following.heap - alone.heap, sessions),
      sessionKey: await usage(':s:'),
      aliasKey: await usage(':a:'),
      json: JSON.stringify(toRecord(1, 1)).length,
      perTombstone: per(afterTombstones - beforeTombstones[0], tombstones),
      perTombstoneOnANode: per(ended.heap - beforeTombstones[1].heap, tombstones),
    },
    cpuMicroseconds: {
      redisPerRenewal: per(redisAfter - redisBefore, renewals),
      writerPerRenewal: per(ownAfter - ownBefore, renewals),
      listenerPerRenewal: per(told.cpu - toldBefore.cpu, renewals),
      redisPerRead: per(afterReads[0] - beforeReads[0], sessions),
      readerPerRead: per(afterReads[1] - beforeReads[1], sessions),
    },
  }
  listener.disconnect()
  await store.close()
  await redis.stop()
  console.log(JSON.stringify(summary))
}

const [first = '20000', second = '60000', third = '0', fourth = '0'] = process.argv.slice(2)
await (first === 'listen'
  ? listen(second, Number(third), Number(fourth))
  : main(Number(first), Number(second), Number(third)))
