import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuthServer } from '../../adapters/h3/index.ts'
import { createRedisKeys, toKeyDigest } from '../../adapters/redis/redis-keys.ts'
import { createClerkEmulator } from '../kit/index.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer } from './nodes.ts'

describe.runIf(findRedis())('sessions of several nodes', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  const start = async () => {
    const deployment = createDeployment(redis)
    const nodes = await Promise.all([deployment.add(), deployment.add()])
    return { deployment, a: nodes[0], b: nodes[1] }
  }
  const idsOf = async ({ auth }: { readonly auth: AuthServer }, userId = 'user_a') =>
    (await auth.sessions({ userId })).map(({ sessionId }) => sessionId).toSorted()

  it('are listed in full by each node, with the streams that it has', async () => {
    const { a, b } = await start()
    const [first, second] = [createRoamer(), createRoamer()]
    await first.token(a, a.mint({ sid: 'sess_1', o: { id: 'org_1', rol: 'admin' } }))
    await second.token(b, b.mint({ sid: 'sess_2' }))
    await createRoamer().token(b, b.mint({ sub: 'user_b', sid: 'sess_b' }))
    const stream = await first.open(a)
    const { channel } = await stream.view()

    const fromA = await a.auth.sessions({ userId: 'user_a' })
    const fromB = await b.auth.sessions({ userId: 'user_a' })
    const plain = (list: typeof fromA) => list.map((each) => ({ ...each, streams: 0 }))
    expect(plain(fromB)).toEqual(plain(fromA))
    const streams = (list: typeof fromA) => list.find((each) => each.channel === channel)?.streams
    expect([streams(fromA), streams(fromB)]).toEqual([1, 0])
    expect(fromB.find((each) => each.channel === channel)).toMatchObject({ sessionId: 'sess_1', orgId: 'org_1' })
    expect(await idsOf(a)).toEqual(['sess_1', 'sess_2'])
  })

  it('end one by one, on whichever node, by what the list gives', async () => {
    const { a, b } = await start()
    const [first, second] = [createRoamer(), createRoamer()]
    await first.token(a, a.mint({ sid: 'sess_1' }))
    await second.token(a, a.mint({ sid: 'sess_2' }))
    const stream = await first.open(a)
    await b.auth.revoke({ sessionId: 'sess_1' })
    await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect([await idsOf(a), await idsOf(b)]).toEqual([['sess_2'], ['sess_2']])
    expect((await first.token(b, b.mint({ sid: 'sess_1' }))).body.code).toBe('session-revoked')
    expect((await second.session(b)).body.isSignedIn).toBe(true)
  })

  it('are left by revokeOthers with the one that asked, on every node', async () => {
    const clerk = await createClerkEmulator({ users: [{ id: 'user_a', email: 'a@example.test', firstName: 'A' }] })
    const { secretKey, publishableKey, apiUrl } = clerk
    const deployment = createDeployment(redis, {
      keys: undefined,
      clerk: { secretKey, publishableKey, apiUrl },
      claims: { authorizedParties: ['http://localhost:3000'] },
    })
    const [a, b] = [await deployment.add(), await deployment.add()]
    const [own, other] = [clerk.createSession('user_a'), clerk.createSession('user_a')]
    const [mine, foreign] = [createRoamer(), createRoamer()]
    await mine.token(a, clerk.mintToken({ session: own }))
    await foreign.token(b, clerk.mintToken({ session: other }))
    const stream = await foreign.open(b)
    await stream.view()
    const asked = { method: 'POST', headers: { cookie: mine.cookie!, 'sec-fetch-site': 'same-origin' } }
    await a.auth.revokeOthers(asked)
    await stream.viewWhere(({ isSignedIn }) => !isSignedIn)
    expect([await idsOf(a), await idsOf(b)]).toEqual([[own.id], [own.id]])
    expect((await mine.session(b)).body.isSignedIn).toBe(true)
    await clerk.close()
  })

  it('are not those that somebody with access to Redis has put in the list, and are found again after he spoiled it', async () => {
    const { deployment, a, b } = await start()
    const [browser, foreign] = [createRoamer(), createRoamer()]
    await browser.token(a, a.mint({ sid: 'sess_1' }))
    await foreign.token(a, a.mint({ sub: 'user_b', sid: 'sess_b' }))
    const client = await createClient({ url: redis.url }).connect()
    const keys = createRedisKeys(deployment.prefix)
    const userKey = keys.user(toKeyDigest('user user_a'))
    const [listed = ''] = await client.zRange(keys.user(toKeyDigest('user user_b')), 0, -1)
    const key = keys.session(listed)
    const stored = (await client.get(key)) ?? ''
    const forged = 'F'.repeat(22)
    await client.set(keys.session(forged), stored.replaceAll('user_b', 'user_a'))
    const until = Date.now() + 60_000
    const members = [listed, forged, 'none', ''].map((value) => ({ score: until, value }))
    await client.zAdd(userKey, members)
    expect([await idsOf(a), await idsOf(b)]).toEqual([['sess_1'], ['sess_1']])

    await client.set(userKey, 'nonsense')
    expect(await idsOf(b)).toEqual([])
    await createRoamer().token(a, a.mint({ sid: 'sess_2' }))
    expect(await idsOf(b)).toEqual(['sess_2'])
    client.destroy()
  })

  it('cost a renewal no call, and a user who is gone no memory', async () => {
    const { deployment, a } = await start()
    const client = await createClient({ url: redis.url }).connect()
    const calls = async () => Number(/cmdstat_zadd:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
    const before = await calls()
    const browser = createRoamer()
    for (const exp of [60, 70, 80, 90]) {
      await browser.token(a, a.mint({ exp: Math.floor(Date.now() / 1_000) + exp }))
    }
    // The list is told of a session once, or twice where midnight passes in this test.
    expect((await calls()) - before).toBeLessThan(3)
    const life = await client.pTTL(createRedisKeys(deployment.prefix).user(toKeyDigest('user user_a')))
    expect(life).toBeGreaterThan(24 * 3_600_000)
    expect(life).toBeLessThan(25 * 3_600_000)
    client.destroy()
  })
})
