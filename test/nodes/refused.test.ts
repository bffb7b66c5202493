import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer, untilLost, untilReady } from './nodes.ts'

const unavailable = { status: 503, body: { code: 'store-unavailable' } }

describe.runIf(findRedis())('while Redis is full and refuses writes', () => {
  let redis: RedisServer
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  const fill = () => redis.cli('CONFIG', 'SET', 'maxmemory', '1')
  const empty = () => redis.cli('CONFIG', 'SET', 'maxmemory', '0')
  const seconds = (offset = 0) => Math.floor(Date.now() / 1_000) + offset

  it('a node goes on, a node that starts refuses, and both catch up as soon as there is room', async () => {
    const deployment = createDeployment(redis)
    const [a, b] = [await deployment.add(), await deployment.add()]
    const browser = createRoamer()
    const token = a.mint({ iat: seconds(-5), exp: seconds(55) })
    await browser.token(a, token)
    const stream = await browser.open(b)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    await fill()
    for (let renewal = 0; renewal < 20; renewal += 1) {
      const renewed = await browser.token(a, a.mint({ iat: seconds(), exp: seconds(60 + renewal) }))
      expect(renewed).toMatchObject({ status: 200, body: { isSignedIn: true } })
    }
    for (let stranger = 0; stranger < 10; stranger += 1) {
      const claims = { sub: `user_${stranger}`, sid: `sess_${stranger}` }
      const unstored = await createRoamer().token(a, a.mint(claims))
      expect(unstored).toMatchObject({ status: 503, body: { view: { isSignedIn: true } } })
    }
    expect(await browser.clear(a)).toMatchObject(unavailable)
    expect((await browser.session(a)).body.state).toBe('signedOut')
    // A node that starts cannot know of the sign-outs that the others still have to store.
    const late = await deployment.add({ isReady: false, timeout: 200 })
    expect(await createRoamer().token(late, token)).toMatchObject(unavailable)

    await empty()
    await stream.viewWhere(({ state }) => state === 'signedOut')
    await Promise.all([a, b, late].map(({ store }) => untilReady(store)))
    expect((await createRoamer().token(late, token)).body.code).toBe('token-superseded')
    await eventually(async () => (await browser.clear(a)).status === 200, 'the acknowledgement')
    expect(a.log.printed()).toMatchObject([{ code: 'redis.refused', details: { kind: 'memory' } }])
    // There is one line for each method that fails, and not for each call.
    const failures = a.lines.filter(([level, code]) => code === 'store.failed' && level !== 'debug')
    const methods = failures.map(([, , details]) => (details as { method: string }).method)
    expect(methods.toSorted()).toEqual([...new Set(methods)].toSorted())
  })

  it('a node with storeDown refuse tells no browser who is signed in', async () => {
    const deployment = createDeployment(redis, { storeDown: 'refuse' })
    const a = await deployment.add()
    const browser = createRoamer()
    await browser.token(a, a.mint())
    await fill()
    expect(await browser.clear(a)).toMatchObject(unavailable)
    await untilLost(a.store)
    expect(await browser.session(a)).toMatchObject(unavailable)
    expect(await createRoamer().token(a, a.mint({ sub: 'user_n', sid: 'sess_n' }))).toMatchObject(unavailable)
    await empty()
    await untilReady(a.store)
    expect((await browser.session(a)).body.isSignedIn).toBe(false)
  })
})
