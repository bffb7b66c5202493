import { rm } from 'node:fs/promises'
import { createClient } from 'redis'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Tombstone } from '../../adapters/hub/store/session-store.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { eventually } from '../h3/harness.ts'
import { createTestRecord } from '../kit/session-store-tests.ts'
import { untilReady } from '../nodes/nodes.ts'
import { measureHeap } from './measure-heap.ts'
import { durable, findRedis, startRedis, type RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

/** One reason for a refusal. Each row has a Redis of its own, which really refuses. */
interface Trouble {
  readonly kind: string
  /** The advice in the log. */
  readonly remedy: RegExp
  readonly settings?: readonly string[]
  /** True if Redis refuses reads too. */
  readonly isTotal?: boolean
  begin(redis: RedisServer): Promise<unknown>
  end(redis: RedisServer): Promise<unknown>
}

const nowhere = ['127.0.0.1', '1'] as const
const troubles: readonly Trouble[] = [
  {
    kind: 'replica',
    remedy: /lead to the primary/,
    begin: (redis) => redis.cli('REPLICAOF', ...nowhere),
    end: (redis) => redis.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    kind: 'replica',
    remedy: /without its primary/,
    settings: ['--replica-serve-stale-data', 'no'],
    isTotal: true,
    begin: (redis) => redis.cli('REPLICAOF', ...nowhere),
    end: (redis) => redis.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    kind: 'memory',
    remedy: /`maxmemory`.*`noeviction`/,
    begin: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    kind: 'disk',
    remedy: /disk/,
    settings: ['--save', '3600 1'],
    async begin(redis) {
      await rm(redis.dir, { recursive: true })
      await redis.cli('BGSAVE')
      await eventually(
        async () => (await redis.cli('INFO', 'persistence')).includes('bgsave_status:err'),
        'the failure',
      )
    },
    end: (redis) => redis.cli('CONFIG', 'SET', 'save', ''),
  },
  {
    kind: 'replicas',
    remedy: /`min-replicas-to-write`/,
    begin: (redis) => redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: (redis) => redis.cli('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  },
  {
    kind: 'busy',
    remedy: /SCRIPT KILL/,
    settings: ['--busy-reply-threshold', '1'],
    isTotal: true,
    async begin(redis) {
      redis.cli('EVAL', 'while true do end', '0').catch(() => {})
      await eventually(async () => (await redis.cli('PING')).startsWith('BUSY'), 'the script')
    },
    end: (redis) => redis.cli('SCRIPT', 'KILL'),
  },
]

const until = Date.now() + 600_000
const requests = 20_000
const toTombstone = (id: string): Tombstone => ({ kind: 'session', id, clearedAt: Date.now(), until })
const toProof = (sessionId: string) => ({ userId: 'user_a', sessionId, issuedAt: 0 })

describe.runIf(findRedis())('a Redis that answers with errors', () => {
  let redis: RedisServer
  afterEach(() => redis.stop())

  function connect(timeout = 2_000) {
    const log = createStoreLog()
    const store = createRedisSessionStore({ url: redis.url, timeout, logger: log.logger })
    onTestFinished(() => store.close())
    return { store, log }
  }

  it.each(troubles)(
    '$kind, $remedy: a node notices it, logs it once, waits, and stores what was missed',
    async (trouble) => {
      redis = await startRedis(...(trouble.settings ?? []))
      const { store, log } = connect()
      await untilReady(store)
      const record = createTestRecord()
      await store.write(record, { expectedRev: null, until })
      await store.rotate(record.id, { from: null, to: 'alias', retireFor: 10_000 })
      await store.addTombstone(toTombstone('before'))
      await trouble.begin(redis)

      await expect(store.addTombstone(toTombstone('meanwhile'))).rejects.toThrow(/^[A-Z]{2,} |not connected/)
      expect(store.findTombstone(toProof('meanwhile'))).toBe('token-superseded')
      // This node goes on with its own knowledge, and knows that it may be incomplete.
      await store.ready('loaded')
      await expect(store.ready('current')).rejects.toThrow('out of reach')
      if (!trouble.isTotal) await eventually(() => store.read('alias').then(...isIt), 'the reading')
      // A node that starts cannot learn of the sign-outs that the others failed to store.
      const late = connect(1_000)
      await expect(late.store.ready('loaded')).rejects.toThrow('out of reach')
      const many = Array.from({ length: 200 }, (_, index) =>
        store.addTombstone(toTombstone(`vain-${index}`)).then(...isIt),
      )
      expect(await Promise.all(many)).not.toContain(true)
      expect(late.log.codes('info')).toEqual([])

      await trouble.end(redis)
      await Promise.all([untilReady(store), untilReady(late.store)])
      expect(late.store.findTombstone(toProof('before'))).toBe('token-superseded')
      await store.addTombstone(toTombstone('meanwhile'))
      await expect.poll(() => late.store.findTombstone(toProof('meanwhile'))).toBe('token-superseded')
      expect(await late.store.read('alias')).toMatchObject({ record, retired: false })

      for (const { log: each, infos } of [
        { log, infos: ['redis.current', 'redis.current'] },
        { log: late.log, infos: ['redis.current'] },
      ]) {
        expect(each.printed().map(({ code }) => code)).toEqual(['redis.refused'])
        expect(each.printed()[0]!.details).toMatchObject({
          kind: trouble.kind,
          remedy: expect.stringMatching(trouble.remedy) as string,
        })
        expect(each.codes('info')).toEqual(infos)
      }
    },
  )

  it('makes a node wait while it loads its files', async () => {
    // These are Redis's own debug options for a slow start: this many µs for each key.
    const slow = ['--key-load-delay', '5000', '--loading-process-events-interval-bytes', '1024']
    redis = await startRedis(...durable, ...slow, '--enable-debug-command', 'local')
    const { store, log } = connect(20_000)
    await untilReady(store)
    await store.addTombstone(toTombstone('before'))
    await redis.cli('DEBUG', 'POPULATE', '800', 'key', '100')
    await redis.cli('BGREWRITEAOF')
    await eventually(async () => (await redis.cli('INFO', 'persistence')).includes('rewrite_in_progress:0'), 'the file')
    await redis.kill()
    await eventually(() => log.printed().length > 0, 'the loss')
    const restarted = redis.restart()
    await eventually(() => store.read('alias').then(() => false, toLoading), 'the loading')
    await expect(store.addTombstone(toTombstone('meanwhile'))).rejects.toThrow('LOADING')
    // A request right after the loss also waits until the files are loaded, and so does a node that starts.
    const late = connect(20_000)
    const areReady = [store.ready('current'), late.store.ready('loaded')].map((ready) => ready.then(() => 'ready'))
    expect(await Promise.race([...areReady, untilTurned()])).toBe('still waiting')
    await restarted
    expect(await Promise.all(areReady)).toEqual(['ready', 'ready'])
    expect(late.store.findTombstone(toProof('before'))).toBe('token-superseded')
    await store.addTombstone(toTombstone('meanwhile'))
    expect(log.printed().map(({ code, details }) => [code, details['kind']])).toEqual([
      ['redis.lost', undefined],
      ['redis.refused', 'loading'],
    ])
    expect(log.codes('info')).toEqual(['redis.current', 'redis.current'])
  })

  it('is tried again until it takes more connections', async () => {
    redis = await startRedis()
    const admin = await createClient({ url: redis.url })
      .on('error', () => {})
      .connect()
    onTestFinished(() => admin.destroy())
    await admin.configSet('maxclients', '1')
    const { store, log } = connect(1_000)
    await eventually(() => log.printed().length > 0, 'the line')
    await expect(store.ready('loaded')).rejects.toThrow('out of reach')
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'connections' } }])
    await admin.configSet('maxclients', '100')
    await untilReady(store)
  })

  it('leaves no more to repeat after a long outage than what was missed', async () => {
    redis = await startRedis()
    const { store, log } = connect()
    await untilReady(store)
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    const record = createTestRecord()
    const ask = () => store.write(record, { expectedRev: null, until }).then(...isIt)
    async function askMany(count: number) {
      for (let asked = 0; asked < count; asked += 100) {
        await store.ready('loaded')
        expect(await Promise.all(Array.from({ length: 100 }, ask))).not.toContain(true)
      }
    }
    await askMany(10_000)
    const before = measureHeap()
    await askMany(requests)
    expect((measureHeap() - before) / requests).toBeLessThan(100)
    expect(log.printed()).toHaveLength(1)
  })
})

/** Resolves after everything has run that takes no time. */
const untilTurned = () => new Promise((resolve) => setImmediate(resolve, 'still waiting'))
const isIt = [() => true, () => false] as const
const toLoading = (error: Error) => error.message.startsWith('LOADING')
