/**
 * Measures what a session costs on Redis: the bytes of its keys, and for each renewal the CPU of Redis, of the node
 * that writes and of a node that gets the message. `others` is a number of further connections that get it too, to see
 * what each costs Redis. Run: `npx tsx test/bench/redis-cost.ts [sessions] [renewals] [others]`. The last line is JSON.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { createRedisKeys, shards } from '../../adapters/redis/redis-keys.ts'
import { createSealedStore } from '../../adapters/hub/store/sealed-store.ts'
import type { SessionStore } from '../../adapters/hub/store/session-store.ts'
import { toLogger } from '../../adapters/logger.ts'
import type { AuthClaims, SessionRecord, VerifiedSession } from '../../machines/index.ts'
import { createSecretId, toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import { startRedis } from '../store/redis-server.ts'

const self = fileURLToPath(import.meta.url)

/** A process that only listens, as a node does that holds none of the sessions. */
async function listen(url: string, others: number) {
  const store = createRedisSessionStore({ url })
  const told = { records: 0, tombstones: 0 }
  const isWanted = () => {
    told.records += 1
    return false
  }
  store.watch(({ type }) => {
    if (type === 'tombstone') told.tombstones += 1
  }, isWanted)
  while (!(await isReady(store)));
  await subscribeOthers(url, others)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    globalThis.gc?.()
    process.send?.({ ...told, cpu: user + system, heap: process.memoryUsage().heapUsed })
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}

const isReady = async (store: SessionStore) =>
  store.ready?.('current').then(
    () => true,
    () => false,
  )

/** A store as a server uses it. */
function seal(store: SessionStore): SessionStore {
  const secrets = ['a secret that is as long as a secret has to be']
  return createSealedStore({
    store,
    secrets,
    instance: toDigest('instance').slice(0, 22),
    judge: (claims) => toVerified(claims as AuthClaims),
    clock: Date.now,
    logger: toLogger({}),
  })
}

const toVerified = (claims: AuthClaims): VerifiedSession => ({
  status: 'active',
  userId: claims.sub,
  sessionId: claims.sid,
  orgId: claims.o?.id ?? null,
  claims,
  issuedAt: claims.iat! * 1_000,
  expiresAt: claims.exp * 1_000,
})

/** As Clerk's session tokens of version 2 have it, with an organization. */
function toRecord(index: number, rev: number): SessionRecord {
  const [userId, sessionId, orgId] = ['user', 'sess', 'org'].map((kind) => `${kind}_2abcdefghijklmnopqr${index + 1e7}`)
  const now = Math.floor(Date.now() / 1_000)
  const claims = {
    azp: 'https://app.example.com',
    exp: now + 60,
    fva: [12, -1],
    iat: now,
    iss: 'https://clerk.example.com',
    jti: 'c0ffee00c0ffee00c0ff',
    nbf: now - 10,
    o: { id: orgId, rol: 'admin', slg: `org-${index}` },
    sid: sessionId,
    sts: 'active',
    sub: userId,
    v: 2,
  }
  return {
    id: toDigest(`id ${index}`),
    channel: 'A'.repeat(16),
    rev,
    status: 'signedIn',
    claims: claims as never,
    user: null,
    userId: userId!,
    sessionId: sessionId!,
    orgId: orgId!,
    issuedAt: now * 1_000,
    expiresAt: (now + 60) * 1_000,
    seqByTab: { f3a9c1d27b: rev },
  }
}

async function inBatches(count: number, work: (index: number) => Promise<unknown>) {
  for (let start = 0; start < count; start += 200) {
    await Promise.all(Array.from({ length: Math.min(200, count - start) }, (_, index) => work(start + index)))
  }
}

/** Subscribes as many nodes do, and drops what it hears. */
async function subscribeOthers(url: string, others: number) {
  const clients = Array.from({ length: others }, () => createClient({ url }))
  for (const client of clients) {
    await client.connect()
    await Promise.all(shards.map((shard) => client.sSubscribe(createRedisKeys('authchart').channel(shard), () => {})))
  }
}

async function main(sessions: number, renewals: number, others: number) {
  const redis = await startRedis()
  const store = seal(createRedisSessionStore({ url: redis.url, timeout: 30_000 }))
  while (!(await isReady(store)));
  const listener = fork(self, ['listen', redis.url, String(others)], { execArgv: [...process.execArgv, '--expose-gc'] })
  await once(listener, 'message')
  const ask = async () => {
    listener.send('report')
    const [report] = (await once(listener, 'message')) as [Record<'records' | 'tombstones' | 'cpu' | 'heap', number>]
    return report
  }
  const info = async (field: string) => {
    const value = new RegExp(`^${field}:([\\d.]+)`, 'm').exec(await redis.cli('INFO', 'everything'))?.[1]
    return Number(value)
  }
  const redisCpu = async () => ((await info('used_cpu_user')) + (await info('used_cpu_sys'))) * 1e6
  const ownCpu = () => process.cpuUsage().user + process.cpuUsage().system
  const until = () => Date.now() + 3_600_000

  const empty = await info('used_memory')
  const aliases = Array.from({ length: sessions }, () => toDigest(createSecretId()))
  await inBatches(sessions, async (index) => {
    const record = toRecord(index, 1)
    await store.write(record, { expectedRev: null, until: until() })
    await store.rotate(record.id, { from: null, to: aliases[index]!, userId: record.userId, retireFor: 10_000 })
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

  const [redisBefore, ownBefore, toldBefore] = [await redisCpu(), ownCpu(), await ask()]
  await inBatches(renewals, (index) => {
    const rev = 2 + Math.floor(index / sessions)
    const session = index % sessions
    return store.write(toRecord(session, rev), { expectedRev: rev - 1, until: until() })
  })
  let told = await ask()
  while (told.records - toldBefore.records < renewals) told = await ask()
  const [redisAfter, ownAfter] = [await redisCpu(), ownCpu()]

  const beforeReads = [await redisCpu(), ownCpu()] as const
  await inBatches(sessions, (index) => store.read(aliases[index]!))
  const afterReads = [await redisCpu(), ownCpu()] as const

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

const [first = '20000', second = '60000', third = '0'] = process.argv.slice(2)
await (first === 'listen' ? listen(second, Number(third)) : main(Number(first), Number(second), Number(third)))
