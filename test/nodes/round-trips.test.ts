import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createCountedClient } from './counted-client.ts'
import { createDeployment, createRoamer, type Node } from './nodes.ts'

describe.runIf(findRedis())('what a node asks of Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  /** Two nodes. `user` signs a browser in at one of them, and has it come back once with its cookie. */
  async function start() {
    const deployment = createDeployment(redis)
    const { client, count } = await createCountedClient(redis)
    const node = await deployment.add({ client })
    const other = await deployment.add()
    async function user(home: Node) {
      const browser = createRoamer()
      await browser.token(home, home.mint())
      await browser.session(home)
      return browser
    }
    return { node, other, count, user }
  }
  const later = () => ({ exp: Math.floor(Date.now() / 1_000) + 90 })

  it('at a sign-in waits for two answers, of which the second is that of the list of the user', async () => {
    const { node, count } = await start()
    const browser = createRoamer()
    const first = await count(() => browser.token(node, node.mint()))
    expect(first).toEqual({ commands: ['evalSha', 'evalSha', 'evalSha', 'sSubscribe', 'set'], roundTrips: 2 })
    // The store retires the cookie of an open stream, too.
    const reader = createRoamer()
    await (await reader.open(node)).view()
    const read = await count(() => reader.token(node, node.mint({ sub: 'user_b', sid: 'sess_b' })))
    expect(read).toEqual({ commands: ['evalSha', 'evalSha', 'evalSha', 'evalSha', 'sSubscribe', 'set'], roundTrips: 2 })
  })

  it('when the browser comes back with its cookie is noted in the background', async () => {
    const { node, count } = await start()
    const browser = createRoamer()
    await browser.token(node, node.mint())
    expect(await count(() => browser.session(node))).toEqual({ commands: ['evalSha'], roundTrips: 0 })
    expect(await count(() => browser.session(node))).toEqual({ commands: [], roundTrips: 0 })
  })

  it('at a renewal is one call', async () => {
    const { node, count, user } = await start()
    const browser = await user(node)
    const renewal = await count(() => browser.token(node, node.mint(later())))
    expect(renewal).toEqual({ commands: ['evalSha'], roundTrips: 1 })
  })

  it('at a renewal of a session that another node holds is four calls', async () => {
    const { node, other, count, user } = await start()
    const browser = await user(other)
    const renewal = await count(() => browser.token(node, node.mint(later())))
    expect(renewal).toEqual({ commands: ['evalSha', 'get', 'get', 'sSubscribe'], roundTrips: 4 })
    const next = await count(() => browser.token(node, node.mint({ exp: later().exp + 10 })))
    expect(next).toEqual({ commands: ['evalSha'], roundTrips: 1 })
  })

  it('for a stream is nothing where the session is held, and three calls where it is not', async () => {
    const { node, other, count, user } = await start()
    const [here, there] = [await user(node), await user(other)]
    expect(await count(async () => (await here.open(node)).view())).toEqual({ commands: [], roundTrips: 0 })
    const opened = await count(async () => (await there.open(node)).view())
    expect(opened).toEqual({ commands: ['get', 'get', 'sSubscribe'], roundTrips: 3 })
  })

  it('at a sign-out is the tombstone, and then the record', async () => {
    const { node, count, user } = await start()
    const browser = await user(node)
    const cleared = await count(() => browser.clear(node))
    expect(cleared).toEqual({ commands: ['evalSha', 'evalSha'], roundTrips: 2 })
  })
})
