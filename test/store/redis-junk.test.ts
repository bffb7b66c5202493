import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toDigest } from '../../adapters/hub/cookies/secret-id.ts'
import { createSealedStore } from '../../adapters/hub/store/sealed-store.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { createRedisKeys, toKeyDigest } from '../../adapters/redis/redis-keys.ts'
import type { SessionRecord } from '../../machines/index.ts'
import { createProof } from '../kit/auth-fixtures.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

const proof = createProof({ issuedAt: 1_767_225_600_000, expiresAt: 1_767_225_660_000 })
const now = proof.issuedAt
const alias = toDigest('cookie')

const toRecord = (rev: number): SessionRecord => ({
  id: 'session',
  channel: 'node.channel',
  rev,
  status: 'signedIn',
  claims: proof.claims,
  user: null,
  userId: proof.userId,
  sessionId: proof.sessionId,
  orgId: proof.orgId,
  issuedAt: proof.issuedAt,
  expiresAt: proof.expiresAt,
  seqByTab: {},
})

/**
 * Changes that somebody who can write to Redis makes to the record of a session. `head` is `<rev> <until>
 * <aliasesUntil> <aliases>`.
 */
const records: Readonly<Record<string, (head: readonly string[], json: string) => string>> = {
  'is no JSON': (head) => `${head.join(' ')}\nnonsense`,
  'is JSON of null': (head) => `${head.join(' ')}\nnull`,
  'is an empty object': (head) => `${head.join(' ')}\n{}`,
  'has a lower rev in its JSON': ([, ...head], json) => `9000 ${head.join(' ')}\n${json}`,
  'has another rev, and is no JSON': ([, ...head]) => `9000 ${head.join(' ')}\nnonsense`,
  'has a rev with a zero in front': ([, ...head], json) => `09000 ${head.join(' ')}\n${json}`,
  'has a rev of more digits than a number has': ([, ...head], json) => `${'9'.repeat(30)} ${head.join(' ')}\n${json}`,
  'has no head': () => 'nonsense',
  'has half a head': ([rev, until]) => `${rev} ${until}\n{}`,
}

/** The same for the record of a cookie: `<digest> <-, or retired until> <owner> <seal>`. */
const cookies: Readonly<Record<string, (lead: readonly string[]) => string>> = {
  'has an owner that cannot be decoded': ([digest = '']) => `${digest} - =%`,
  'has an owner of no known form': ([digest = '']) => `${digest} - somebody`,
  'is retired until no moment': ([digest = '']) => `${digest} later`,
  'is retired for ever': ([digest = '']) => `${digest} 99999999999999`,
}

describe.runIf(findRedis())('junk in Redis', () => {
  let redis: RedisServer
  let tests = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(() => {
    tests += 1
  })

  async function start({ secrets = ['the secret of all nodes'] as readonly string[] | null } = {}) {
    const prefix = `junk${tests}`
    const keys = createRedisKeys(prefix)
    const client = createClient({ url: redis.url, disableOfflineQueue: true }).on('error', () => {})
    await client.connect()
    const raw = createRedisSessionStore({ client, prefix, clock: () => now, timeout: 5_000 })
    await raw.ready?.('current')
    const log = createStoreLog()
    const { logger } = log
    const store = createSealedStore({
      store: raw,
      secrets,
      instance: 'app',
      judge: () => proof,
      clock: () => now,
      logger,
    })
    await store.rotate('session', { from: null, to: alias, userId: proof.userId, retireFor: 10_000 })
    await store.write(toRecord(1_024), { expectedRev: null, until: proof.expiresAt })
    expect(await store.read(alias)).toMatchObject({ record: { rev: 1_024 }, retired: false })
    const sessionKey = keys.session(toKeyDigest('session'))
    const aliasKey = keys.alias(toKeyDigest(alias))
    return {
      store,
      sessionKey,
      aliasKey,
      get: async (key: string) => (await redis.cli('GET', key)).trimEnd(),
      ignored: () =>
        log.lines.flatMap(({ code, level, details }) => (code === 'store.ignored' ? [{ level, ...details }] : [])),
      async close() {
        await store.close()
        client.destroy()
      },
    }
  }

  it.each(Object.entries(records))('a record that %s counts as absent, and is replaced', async (_, spoil) => {
    const { store, sessionKey, get, ignored, close } = await start()
    const stored = await get(sessionKey)
    const end = stored.indexOf('\n')
    await redis.cli('SET', sessionKey, spoil(stored.slice(0, end).split(' '), stored.slice(end + 1)))
    expect(await store.read(alias)).toBeNull()
    expect(await store.read(alias)).toBeNull()
    expect(ignored().filter(({ level }) => level === 'warn')).toMatchObject([{ kind: 'record', reason: 'shape' }])
    const until = proof.expiresAt
    const first = await store.write(toRecord(2_048), { expectedRev: 1_024, until })
    // The hub does this too if the store has lost a record.
    const result = first.written ? first : await store.write(toRecord(2_048), { expectedRev: null, until })
    expect(result).toEqual({ written: true })
    await store.rotate('session', { from: alias, to: toDigest('next'), userId: proof.userId, retireFor: 10_000 })
    expect(await store.read(toDigest('next'))).toMatchObject({ record: { rev: 2_048 }, retired: false })
    await close()
  })

  it.each(Object.entries(cookies))('a cookie that %s counts as absent', async (_, spoil) => {
    for (const secrets of [['the secret of all nodes'], null]) {
      const { store, aliasKey, get, ignored, close } = await start({ secrets })
      await redis.cli('SET', aliasKey, spoil((await get(aliasKey)).split(' ')))
      expect(await store.read(alias)).toBeNull()
      expect(await store.read(alias)).toBeNull()
      expect(ignored().filter(({ level }) => level === 'warn')).toMatchObject([{ kind: 'cookie', reason: 'shape' }])
      await redis.cli('FLUSHALL')
      await close()
    }
  })
})
