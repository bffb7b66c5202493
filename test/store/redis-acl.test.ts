import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { aclRules, clusterAclRules } from '../../adapters/redis/redis-refusal.ts'
import { eventually } from '../h3/harness.ts'
import { createTestRecord } from '../kit/session-store-tests.ts'
import { untilLost, untilReady } from '../nodes/nodes.ts'
import { findRedis, startRedis, type RedisServer } from './redis-server.ts'
import { createStoreLog } from './store-log.ts'

const rules = aclRules.split(' ')
const commands = rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
const until = Date.now() + 600_000

describe.runIf(findRedis())('a user of Redis with the rights that docs/scaling.md lists', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis()
    await setRules('on', '>secret', ...rules)
  })
  afterEach(() => redis.stop())

  const setRules = (...changes: string[]) => redis.cli('ACL', 'SETUSER', 'authchart', ...changes)

  function connect(password = 'secret', database = '') {
    const log = createStoreLog()
    const url = redis.url.replace('//', `//authchart:${password}@`) + database
    const store = createRedisSessionStore({ url, timeout: 5_000, logger: log.logger })
    onTestFinished(() => store.close())
    return { store, log }
  }

  /** Calls every operation of the store, with scripts that Redis has forgotten and with scripts that it knows. */
  async function useAll(store: ReturnType<typeof createRedisSessionStore>) {
    for (const rev of [1, 2]) {
      const record = createTestRecord({ id: `session-${rev}` })
      expect(await store.write(record, { expectedRev: null, until })).toEqual({ written: true })
      await store.rotate(record.id, { from: null, to: `first-${rev}`, retireFor: 10_000 })
      await store.rotate(record.id, { from: `first-${rev}`, to: `second-${rev}`, retireFor: 10_000 })
      await store.write({ ...record, rev: 2 }, { expectedRev: 1, until: until + 600_000 })
      expect(await store.read(`second-${rev}`)).toMatchObject({ record: { rev: 2 } })
      expect(await store.list?.('user_a')).toMatchObject([{ id: record.id }])
      await store.addTombstone({ kind: 'session', id: record.id, clearedAt: Date.now(), until })
      await store.remove(record.id, 2)
      expect(await store.read(`second-${rev}`)).toBeNull()
      await redis.cli('SCRIPT', 'FLUSH')
    }
  }

  it('allow every operation', async () => {
    const { store, log } = connect()
    const other = connect()
    await Promise.all([untilReady(store), untilReady(other.store)])
    await useAll(store)
    const isHeard = () =>
      other.store.findTombstone({ userId: 'user_a', sessionId: 'session-2', issuedAt: 0 }) === 'token-superseded'
    await eventually(isHeard, 'the message')
    expect(log.printed()).toEqual([])
    expect(await redis.cli('ACL', 'LOG')).not.toContain('authchart')
  })

  it('leave the keys and channels of another deployment alone', async () => {
    const other = ['--user', 'authchart', '--pass', 'secret', '--no-auth-warning'] as const
    for (const [command, ...args] of [
      ['GET', 'staging:{1}:s:x'],
      ['SET', 'staging:{1}:a:x', 'y'],
      ['XADD', 'staging:{1}:tombstones', '*', 'tombstone', '{}'],
      ['SPUBLISH', 'staging:{1}', 'record - {}'],
      ['EVAL', "return redis.call('GET', KEYS[1])", '1', 'staging:{1}:s:x'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', 'dir'],
    ] as const) {
      expect(await redis.cli(...other, command, ...args)).toMatch(/^(?:NOPERM|ERR .*ACL)/)
    }
  })

  it('are the ones on the page', async () => {
    const page = await readFile(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
    expect(page).toContain(`ACL SETUSER authchart on >password ${aclRules}\n`)
    expect(page).toContain(`\`${clusterAclRules}\``)
    const { store, log } = connect('secret', '/1')
    await eventually(() => log.printed().length > 0, 'the line')
    expect(log.printed()[0]!.details).toMatchObject({ kind: 'permission' })
    await setRules('+select')
    await untilReady(store)
    await useAll(store)
  })

  it.each([
    'get',
    'set',
    'del',
    'pexpire',
    'pttl',
    'xadd',
    'xdel',
    'xrange',
    'zadd',
    'zrange',
    'zremrangebyscore',
    'time',
    'spublish',
    'sunsubscribe',
  ])('are named in the log if %s is missing', async (command) => {
    await setRules(`-${command}`)
    const { log } = connect()
    await eventually(() => log.printed().length > 0, 'the line')
    expect(String(log.printed()[0]!.details['error'])).toContain(`may not run these commands here: ${command}`)
  })

  it('work without INFO, which only reads the eviction policy', async () => {
    await setRules('-info')
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const { store, log } = connect()
    await untilReady(store)
    await useAll(store)
    expect(log.printed()).toEqual([])
  })

  it.each([
    ['-eval', '+eval'],
    ['-evalsha', '+evalsha'],
    ['-set', '+set'],
    ['-ssubscribe', '+ssubscribe'],
    ['resetchannels', '&authchart:*'],
    ['resetkeys', '~authchart:*'],
  ])('is told once of what it lacks after %s, and needs no restart after %s', async (withdrawal, grant) => {
    await setRules(withdrawal)
    const { store, log } = connect()
    await eventually(() => log.printed().length > 0, 'the line')
    // The node tries again and again, without another line.
    const attempts = () => log.codes('debug').filter((code) => code === 'redis.behind').length
    await eventually(() => attempts() > 3, 'the attempts')
    expect(log.printed()).toMatchObject([
      {
        level: 'warn',
        code: 'redis.refused',
        details: { kind: 'permission', remedy: expect.stringContaining(`ACL SETUSER <user> on ${aclRules}`) as string },
      },
    ])
    expect(log.codes('info')).toEqual([])
    await setRules(grant)
    await untilReady(store)
    await useAll(store)
    expect(log.printed().filter(({ code }) => code === 'redis.refused')).toHaveLength(1)
  })

  // Without INFO all goes on, XDEL is for entries that are old, EVAL is for a start, and without SUNSUBSCRIBE a node
  // hears more than it needs.
  const needed = commands.filter((command) => !['info', 'xdel', 'eval', 'sunsubscribe'].includes(command))
  it.each(needed)('are reported once if %s is lost while a node runs', async (command) => {
    const { store, log } = connect()
    await untilReady(store)
    await setRules(`-${command}`)
    const record = createTestRecord()
    const attempts = [
      () => store.write(record, { expectedRev: null, until }),
      () => store.rotate(record.id, { from: 'first', to: 'second', retireFor: 10_000 }),
      () => store.read('second'),
      () => store.addTombstone({ kind: 'session', id: 'sess_a', clearedAt: Date.now(), until }),
      () => store.remove(record.id, 1),
    ]
    for (let round = 0; round < 5; round += 1) await Promise.allSettled(attempts.map((attempt) => attempt()))
    await untilLost(store)
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'permission' } }])
    await setRules(`+${command}`)
    await untilReady(store)
  })

  it('is told of a wrong password, and gets in when it is right', async () => {
    const { store, log } = connect('wrong')
    await eventually(() => log.printed().length > 0, 'the line')
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'credentials' } }])
    expect(log.codes('info')).toEqual([])
    expect(JSON.stringify(log.lines)).not.toContain('wrong')
    await setRules('>wrong')
    await untilReady(store)
  })

  it('is told of a password that is missing', async () => {
    await redis.cli('ACL', 'SETUSER', 'default', 'resetpass', '>secret')
    const log = createStoreLog()
    const store = createRedisSessionStore({ url: redis.url, timeout: 5_000, logger: log.logger })
    onTestFinished(() => store.close())
    await eventually(() => log.printed().length > 0, 'the line')
    expect(log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'credentials' } }])
  })
})
