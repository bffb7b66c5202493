import { H3Event } from 'h3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventually, useVirtualTime } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer, type Node } from './nodes.ts'

describe.runIf(findRedis())('the nodes that a change concerns', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  async function start(count: number, isPatient = false) {
    const deployment = createDeployment(redis)
    const nodes = await Promise.all(
      Array.from({ length: count }, isPatient ? deployment.addPatient : () => deployment.add()),
    )
    const channels = async () =>
      (await redis.cli('PUBSUB', 'SHARDCHANNELS', `${deployment.prefix}:*:c:*`)).split('\n').filter(Boolean)
    const listeners = async (channel: string) =>
      Number((await redis.cli('PUBSUB', 'SHARDNUMSUB', channel)).split('\n').at(-1))
    const keys = async () => (await redis.cli('KEYS', `${deployment.prefix}:*`)).split('\n').filter(Boolean)
    return { nodes: nodes as [Node, Node, Node, Node], channels, listeners, keys }
  }

  const toEvent = (node: Node, cookie: string) => new H3Event(new Request(`${node.url}/`, { headers: { cookie } }))

  it('are those that hold the session, and no other', async () => {
    const { nodes, channels, listeners } = await start(4)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const [channel = '', ...others] = await channels()
    expect([others, await listeners(channel)]).toEqual([[], 1])
    const stream = await browser.open(b)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect([await channels(), await listeners(channel)]).toEqual([[channel], 2])
    const { body } = await browser.token(a, a.mint({ exp: Math.floor(Date.now() / 1_000) + 90 }))
    await stream.viewWhere(({ expiresAt }) => expiresAt === body.expiresAt)
  })

  it('no longer listen once they have let go of the session', async () => {
    const today = Date.now()
    useVirtualTime()
    vi.setSystemTime(today)
    const { nodes, channels, listeners } = await start(2, true)
    const [a, b] = nodes
    const browsers = Array.from({ length: 100 }, createRoamer)
    for (const [index, browser] of browsers.entries()) {
      await browser.token(a, a.mint({ sub: `user_${index}`, sid: `sess_${index}` }))
    }
    const streams = await Promise.all(browsers.map((browser) => browser.open(b)))
    const all = await channels()
    expect(all).toHaveLength(100)
    expect(await listeners(all[0]!)).toBe(2)
    for (const stream of streams) stream.close()
    await Promise.all(browsers.map((browser) => browser.clear(a)))
    await eventually(async () => {
      await vi.advanceTimersByTimeAsync(1_000)
      return (await channels()).length === 0
    }, 'the last channel')
    expect([a, b].map(({ auth }) => auth.stats().sessions)).toEqual([0, 0])
  })

  it('are told of a sign-in that a request waits for, where the token comes to another node', async () => {
    const { nodes, channels, keys } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await (await browser.open(a)).view()
    const waiting = a.auth.whenChecked(toEvent(a, browser.cookie!), { timeout: 20_000 })
    // Nothing is stored for a stranger, who only listens.
    await eventually(async () => (await channels()).length === 1, 'the subscription')
    expect((await keys()).filter((key) => !key.endsWith('tombstones'))).toEqual([])
    const stranger = browser.cookie
    const { body } = await browser.token(b, b.mint())
    expect(browser.cookie).not.toBe(stranger)
    expect(await waiting).toMatchObject({ isSignedIn: true, userId: 'user_a', channel: body.channel, timedOut: false })
  })

  it('are told of it over and over, and by requests that wait together', async () => {
    const { nodes, channels } = await start(2)
    const [a, b] = nodes
    for (let round = 0; round < 5; round += 1) {
      const browser = createRoamer()
      await (await browser.open(a)).view()
      const before = (await channels()).length
      const events = [1, 2, 3].map(() => toEvent(a, browser.cookie!))
      const waiting = events.map((event) => a.auth.whenChecked(event, { timeout: 20_000 }))
      await eventually(async () => (await channels()).length > before, 'the subscription')
      await browser.token(b, b.mint({ sub: `user_${round}`, sid: `sess_${round}` }))
      expect((await Promise.all(waiting)).map(({ userId }) => userId)).toEqual(Array(3).fill(`user_${round}`))
      // As on one node, the request goes on with the session for as long as its cookie is recognised.
      expect((await a.auth.session(events[0]!)).userId).toBe(`user_${round}`)
    }
  })

  it('let a request wait to its end that nobody signs in for, or until its own node has a verdict', async () => {
    const { nodes } = await start(2)
    const [a] = nodes
    const browser = createRoamer()
    await (await browser.open(a)).view()
    expect(await a.auth.whenChecked(toEvent(a, browser.cookie!), { timeout: 100 })).toMatchObject({ timedOut: true })
    const waiting = a.auth.whenChecked(toEvent(a, browser.cookie!), { timeout: 20_000 })
    await browser.token(a, a.mint())
    expect(await waiting).toMatchObject({ userId: 'user_a' })
  })
})
