import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createCountedClient } from './counted-client.ts'
import { createDeployment, createRoamer, type Node } from './nodes.ts'

describe.runIf(findRedis())('two requests of one tab that reach two nodes in the wrong order', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  /** A browser that is signed in at the first of two nodes, and whose requests say which `seq` they have. */
  async function start() {
    const deployment = createDeployment(redis)
    const { client, count } = await createCountedClient(redis)
    const a = await deployment.add({ client })
    const b = await deployment.add()
    const iat = Math.floor(Date.now() / 1_000)
    const first = a.mint({ iat, exp: iat + 60 })
    const browser = createRoamer()
    await browser.token(a, first)
    await browser.session(a)
    const older = a.mint({ iat: iat - 5, exp: iat + 55 })
    const post = (node: Node, seq: number, body: object, tab = 'tab1') =>
      node.post({ ...body, tab, seq }, { cookie: browser.cookie ?? '' })
    const token = (text: string) => ({ type: 'token.received', token: text })
    return { a, b, browser, first, older, post, token, count }
  }
  type Scene = Awaited<ReturnType<typeof start>>
  const toForeign = (node: Node) => node.mint({ iss: 'https://another.clerk.accounts.dev' })
  const clear = (fields: object = {}) => ({ type: 'session.cleared', ...fields })

  it.each<[string, (scene: Scene) => Promise<unknown>]>([
    [
      'a sign-out after that of another tab',
      async ({ a, post }) => [await post(a, 1, clear(), 'tab2'), await post(a, 20, clear())],
    ],
    ['a sign-out of another session', async ({ a, post }) => post(a, 20, clear({ sessionId: 'sess_other' }))],
    ['a token that the node has already', async ({ a, post, token, first }) => post(a, 20, token(first))],
    ['a token that is older than the proof', async ({ a, post, token, older }) => post(a, 20, token(older))],
    ['a token that is refused', async ({ a, post, token }) => post(a, 20, token(toForeign(a)))],
  ])('count in the order of their tab if the newer one is %s', async (_, newer) => {
    const scene = await start()
    await newer(scene)
    const { b, post, token } = scene
    const late = await post(b, 10, token(b.mint({ sub: 'user_b', sid: 'sess_b' })))
    expect(late.status).toBe(200)
    expect(late.body.userId).not.toBe('user_b')
  })

  it('count in the order of their tab if the second node has not heard of the newer one', async () => {
    const deployment = createDeployment(redis)
    const [a, b] = [await deployment.add(), await deployment.addDeafable()]
    const now = Math.floor(Date.now() / 1_000)
    const browser = createRoamer()
    await browser.token(a, a.mint({ iat: now - 5, exp: now + 55 }))
    await browser.session(b)
    b.deafen()
    const post = (node: Node, seq: number, fields: { readonly sub: string; readonly exp: number }) => {
      const token = node.mint({ ...fields, sid: `sess_${fields.sub}`, iat: now })
      return node.post({ type: 'token.received', token, tab: 'tab1', seq }, { cookie: browser.cookie ?? '' })
    }
    // Of two tokens of one second, that with the later end would win by itself.
    const [newer, late] = [
      await post(a, 20, { sub: 'user_b', exp: now + 50 }),
      await post(b, 10, { sub: 'user_c', exp: now + 60 }),
    ]
    expect(newer.body.userId).toBe('user_b')
    expect(late.body.userId ?? null).not.toBe('user_c')
    const { body } = await a.send('/auth/session', { headers: { cookie: newer.cookie ?? '' } })
    expect(body.userId).toBe('user_b')
  })

  it('cost one call more where the newer one changes nothing, and none if it is repeated or unnumbered', async () => {
    const { a, browser, first, post, token, count } = await start()
    expect(await count(() => post(a, 20, token(first)))).toEqual({ commands: ['evalSha'], roundTrips: 1 })
    expect(await count(() => post(a, 20, token(first)))).toEqual({ commands: [], roundTrips: 0 })
    expect(await count(() => post(a, 19, token(first)))).toEqual({ commands: [], roundTrips: 0 })
    const unnumbered = () => a.post(token(first), { cookie: browser.cookie ?? '' })
    expect(await count(unnumbered)).toEqual({ commands: [], roundTrips: 0 })
  })

  it('cost nothing in a session that never signed in', async () => {
    const { a, token, count } = await start()
    const stranger = createRoamer('tab9')
    await (await stranger.open(a)).view()
    const send = async (seq: number, body: object) => {
      const { status } = await a.post({ ...body, tab: 'tab9', seq }, { cookie: stranger.cookie ?? '' })
      return status
    }
    const statuses: number[] = []
    const work = async () => void statuses.push(await send(1, token(toForeign(a))), await send(2, clear()))
    expect(await count(work)).toEqual({ commands: [], roundTrips: 0 })
    expect(statuses).toEqual([401, 200])
  })
})
