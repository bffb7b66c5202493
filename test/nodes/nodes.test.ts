import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ServerAuthChange } from '../../adapters/h3/index.ts'
import type { AuthView } from '../../machines/index.ts'
import { eventually, useVirtualTime } from '../h3/harness.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer } from './nodes.ts'

const isSignedIn = ({ isSignedIn }: AuthView) => isSignedIn
const isSignedOut = ({ state }: AuthView) => state === 'signedOut'

describe.runIf(findRedis())('several nodes on one Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  const start = async (count: number, isPatient = false) => {
    const deployment = createDeployment(redis)
    const nodes = await Promise.all(
      Array.from({ length: count }, isPatient ? deployment.addPatient : () => deployment.add()),
    )
    return { deployment, nodes: nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]] }
  }

  it('show a token posted to one on the streams of another', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const stream = await browser.open(b)
    const before = await stream.view()
    expect(before).toMatchObject({ isSignedIn: true, userId: 'user_a' })

    const answer = await browser.token(a, a.mint({ exp: Math.floor(Date.now() / 1_000) + 90 }))
    const after = await stream.viewWhere(({ rev }) => rev > before.rev)
    expect(after.expiresAt).toBe(answer.body.expiresAt)
    expect(after.channel).toBe(before.channel)
  })

  it('show on another node who acts as the user, and stop showing it once nobody does', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint({ act: { sub: 'user_agent' } }))
    const stream = await browser.open(b)
    expect(await stream.view()).toMatchObject({ userId: 'user_a', actor: { sub: 'user_agent' } })
    const { rev } = (await browser.token(a, a.mint({ exp: Math.floor(Date.now() / 1_000) + 90 }))).body
    expect(await stream.viewWhere((view) => view.rev === rev)).toMatchObject({ userId: 'user_a', actor: null })
  })

  it('take the requests of one browser in turn, without a sign-in between', async () => {
    const { nodes } = await start(3)
    const [a, b, c] = nodes
    const browser = createRoamer()
    const { body } = await browser.token(a, a.mint())
    for (const node of [b, c, a, c, b]) {
      expect((await browser.session(node)).body).toMatchObject({ isSignedIn: true, channel: body.channel })
      const iat = Math.floor(Date.now() / 1_000)
      expect((await browser.token(node, node.mint({ iat, exp: iat + 60 }))).status).toBe(200)
    }
  })

  it('end a sign-out of one node everywhere, and refuse the token afterwards', async () => {
    const { nodes } = await start(3)
    const [a, b, c] = nodes
    const [browser, other] = [createRoamer(), createRoamer()]
    const token = a.mint()
    await browser.token(a, token)
    await other.token(b, token)
    const streams = [await browser.open(b), await browser.open(c), await other.open(c)]
    await Promise.all(streams.map((stream) => stream.viewWhere(isSignedIn)))

    expect((await browser.clear(a)).status).toBe(200)
    await Promise.all(streams.map((stream) => stream.viewWhere(isSignedOut)))
    for (const node of nodes) {
      expect((await createRoamer().token(node, token)).body.code).toBe('token-superseded')
    }
  })

  it('tell a node that starts later what was signed out before', async () => {
    const { deployment, nodes } = await start(2)
    const [a] = nodes
    const browser = createRoamer()
    const token = a.mint()
    await browser.token(a, token)
    await browser.clear(a)
    const late = await deployment.add({ isReady: false })
    expect((await createRoamer().token(late, token)).body.code).toBe('token-superseded')
    const revoked = a.mint({ sub: 'user_b', sid: 'sess_b' })
    await a.auth.revoke({ userId: 'user_b' })
    const later = await deployment.add()
    expect((await createRoamer().token(later, revoked)).body.code).toBe('session-revoked')
  })

  it("revoke a user on every node and end the user's streams", async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const stream = await browser.open(b)
    await stream.viewWhere(isSignedIn)
    await a.auth.revoke({ userId: 'user_a' })
    await stream.viewWhere(isSignedOut)
    expect(await stream.next()).toMatchObject({ event: 'bye', data: { reason: 'revoked' } })
  })

  it('retire a rotated cookie on every node, and end the streams that it opened', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const before = browser.cookie!
    const intruder = await b.open({ cookie: before }, 'intruder')
    await intruder.viewWhere(isSignedIn)
    // Another user signs in on the same browser.
    await browser.token(a, a.mint({ sub: 'user_b', sid: 'sess_b' }))
    expect(browser.cookie).not.toBe(before)
    await eventually(() => intruder.text().includes('"rotated"'), 'the goodbye')
    expect(intruder.text()).not.toContain('user_b')
    const old = await b.open({ cookie: before }, 'intruder')
    expect(old.status).toBe(503)
    expect((await browser.session(b)).body).toMatchObject({ userId: 'user_b' })
  })

  it('sign a stream of one node in on another, and it comes back with the new cookie', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    const unchecked = await (await browser.open(a)).view()
    const answer = await browser.token(b, b.mint())
    expect(answer.body).toMatchObject({ isSignedIn: true })
    // The client opens its stream again because the channel differs from the stream's channel.
    expect(answer.body.channel).not.toBe(unchecked.channel)
    const stream = await browser.open(a)
    expect(await stream.view()).toMatchObject({ isSignedIn: true, channel: answer.body.channel })
  })

  it('restore the view of a stream whose node has gone, with its deadlines, on a node that never saw it', async () => {
    const { deployment, nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const first = await browser.open(b)
    const before = await first.viewWhere(isSignedIn)
    for (const socket of b.sockets) socket.destroy()
    await first.ended

    useVirtualTime()
    vi.setSystemTime(before.now)
    const c = await deployment.addPatient()
    const stream = await browser.open(c)
    const restored = await stream.view()
    expect(restored).toMatchObject({ isSignedIn: true, channel: before.channel, expiresAt: before.expiresAt })
    expect(restored.rev).toBeGreaterThanOrEqual(before.rev)
    await vi.advanceTimersByTimeAsync(before.expiresAt! - before.now + 59_000)
    expect((await browser.session(c)).body.isSignedIn).toBe(true)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await stream.viewWhere(isSignedOut)).toMatchObject({ error: { code: 'token-expired' } })
  })

  it('agree in the end when two of them renew at once', async () => {
    const { nodes } = await start(3)
    const [a, b, c] = nodes
    const browser = createRoamer()
    const iat = Math.floor(Date.now() / 1_000)
    await browser.token(a, a.mint({ iat: iat - 5, exp: iat + 55 }))
    await Promise.all([
      browser.token(a, a.mint({ iat, exp: iat + 60, org: 1, o: { id: 'org_1' } })),
      browser.token(b, b.mint({ iat: iat + 1, exp: iat + 61, o: { id: 'org_2' } })),
      browser.token(c, c.mint({ iat, exp: iat + 60, o: { id: 'org_3' } })),
    ])
    await eventually(async () => {
      const views = await Promise.all(nodes.map(async (node) => (await browser.session(node)).body))
      return views.every(({ orgId }) => orgId === 'org_2')
    }, 'one organization on all nodes')
    expect(nodes.map(({ auth }) => auth.stats().signedIn)).toEqual([1, 1, 1])
  })

  it('hear of what they missed when their subscription breaks', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const stream = await browser.open(b)
    const before = await stream.viewWhere(isSignedIn)
    // The session is renewed and ended while no node listens.
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await browser.token(a, a.mint({ exp: Math.floor(before.expiresAt! / 1_000) + 30 }))
    await stream.viewWhere(({ expiresAt }) => expiresAt === before.expiresAt! + 30_000)
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await browser.clear(a)
    expect((await stream.viewWhere(isSignedOut)).channel).toBe(before.channel)
  })

  it('write a renewal once, however many of them show it', async () => {
    const { nodes } = await start(3)
    const [a, b, c] = nodes
    const browser = createRoamer()
    const iat = Math.floor(Date.now() / 1_000)
    // The session has a cookie from the start, so only the renewal is left to store.
    await browser.open(a)
    await browser.token(a, a.mint({ iat: iat - 5, exp: iat + 55 }))
    const streams = await Promise.all([browser.open(b), browser.open(c)])
    const written = new Set<number>()
    a.store.watch((change) => change.type === 'record' && written.add(change.record.rev))
    const { body } = await browser.token(a, a.mint({ iat, exp: iat + 60 }))
    await Promise.all(streams.map((stream) => stream.viewWhere(({ expiresAt }) => expiresAt === body.expiresAt)))
    // The others would have announced their writes before this revocation.
    await b.auth.revoke({ sessionId: 'fence' })
    await eventually(
      () => a.store.findTombstone({ userId: 'x', sessionId: 'fence', issuedAt: 0 }) !== null,
      'the fence',
    )
    expect([...written]).toEqual([body.rev])
  })

  it('tell each change to the listeners of one node only', async () => {
    const { nodes } = await start(2)
    const [a, b] = nodes
    const heard: string[] = []
    const note = (node: string) => (change: ServerAuthChange) => void heard.push(`${node} ${change.reason}`)
    a.auth.onAuthChange(note('a'))
    b.auth.onAuthChange(note('b'))
    const browser = createRoamer()
    await browser.token(a, a.mint())
    const stream = await browser.open(b)
    await stream.viewWhere(isSignedIn)
    await browser.clear(a)
    await stream.viewWhere(isSignedOut)
    expect(heard).toEqual(['a token', 'a cleared'])

    const another = createRoamer()
    await another.token(a, a.mint({ sub: 'user_r', sid: 'sess_r' }))
    const watched = await another.open(b)
    await watched.viewWhere(isSignedIn)
    await a.auth.revoke({ sessionId: 'sess_r' })
    await watched.viewWhere(isSignedOut)
    expect(heard.slice(2)).toEqual(['a token', 'a revoked'])
  })

  it('hold a session on the node that decided on it and where its streams are, and only briefly elsewhere', async () => {
    const { nodes } = await start(3, true)
    const [a, b, c] = nodes
    const today = Date.now()
    useVirtualTime()
    vi.setSystemTime(today)
    const browser = createRoamer()
    const iat = Math.floor(Date.now() / 1_000)
    await browser.token(a, a.mint({ iat: iat - 9, exp: iat + 51 }))
    await (await browser.open(b)).viewWhere(isSignedIn)
    expect((await browser.session(c)).body.isSignedIn).toBe(true)
    expect(nodes.map(({ auth }) => auth.stats().sessions)).toEqual([1, 1, 1])
    await vi.advanceTimersByTimeAsync(6_000)
    expect(nodes.map(({ auth }) => auth.stats().sessions)).toEqual([1, 1, 0])
    // The next renewal reaches the third node, which decides from now on.
    await browser.token(c, c.mint({ iat, exp: iat + 60 }))
    await eventually(async () => (await browser.session(a)).body.expiresAt === (iat + 60) * 1_000, 'the renewal')
    await vi.advanceTimersByTimeAsync(6_000)
    expect(nodes.map(({ auth }) => auth.stats().sessions)).toEqual([0, 1, 1])
    expect((await browser.session(a)).body.isSignedIn).toBe(true)
  })

  it('keep no token, no cookie, and no readable name in a key', async () => {
    const { deployment, nodes } = await start(2)
    const [a, b] = nodes
    const browser = createRoamer()
    const token = a.mint()
    await browser.token(a, token)
    await browser.open(b)
    await browser.token(b, b.mint({ sub: 'user_b', sid: 'sess_b' }))
    const keys = (await redis.cli('KEYS', `${deployment.prefix}:*`)).split('\n')
    expect(keys.length).toBeGreaterThanOrEqual(3)
    const shape = /^nodes\d+:\{\d+\}:([sau]:[\w-]{21}|tombstones)$/
    expect(keys.filter((key) => !shape.test(key))).toEqual([])
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await redis.cli('TYPE', key)
        if (type === 'stream') return redis.cli('XRANGE', key, '-', '+')
        return type === 'zset' ? redis.cli('ZRANGE', key, '0', '-1') : redis.cli('GET', key)
      }),
    )
    const text = values.join('\n')
    expect(text).toContain('user_b')
    for (const secret of [token, token.split('.')[2]!, browser.cookie!.split('=')[1]!]) {
      expect(text).not.toContain(secret)
    }
    // Every key expires.
    const lives = await Promise.all(keys.map((key) => redis.cli('PTTL', key)))
    expect(lives.filter((ms) => Number(ms) <= 0)).toEqual([])
  })
})
