import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../h3/harness.ts'
import { startProxy } from '../store/redis-proxy.ts'
import { findRedis, startRedis, type RedisServer } from '../store/redis-server.ts'
import { createDeployment, createRoamer, untilReady, type Node } from './nodes.ts'

const settings = ['--repl-diskless-sync-delay', '0']
const unavailable = { status: 503, body: { code: 'store-unavailable' } }

describe.runIf(findRedis())('after a failover that leaves the connections on the old primary', () => {
  let first: RedisServer
  let second: RedisServer
  beforeEach(async () => {
    first = await startRedis(...settings)
    second = await startRedis(...settings)
    await follow(second, first)
  })
  afterEach(() => Promise.all([first.stop(), second.stop()]))

  async function follow(replica: RedisServer, primary: RedisServer) {
    await replica.cli('REPLICAOF', '127.0.0.1', String(primary.port))
    const isInSync = async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up')
    await eventually(isInSync, 'the replication')
  }

  /** Makes the replica the primary, and the primary its replica. */
  async function failOver() {
    await second.cli('REPLICAOF', 'NO', 'ONE')
    await follow(first, second)
  }

  async function signIn(node: Node, claims: object = {}) {
    const browser = createRoamer()
    const token = node.mint(claims)
    expect((await browser.token(node, token)).status).toBe(200)
    return { browser, token }
  }

  it('moves a node to the new primary, where the node stores what it still has to store', async () => {
    const proxy = await startProxy(first)
    const deployment = createDeployment(proxy, { timeout: 1_500 })
    const [a, b] = [await deployment.add(), await deployment.add()]
    const { browser, token } = await signIn(a)
    const { token: other } = await signIn(a, { sub: 'user_o', sid: 'sess_o' })
    await failOver()

    // The address still leads to the old primary.
    expect(await browser.clear(a)).toMatchObject(unavailable)
    expect((await createRoamer().token(a, token)).body.code).toBe('token-superseded')
    // A node that has nothing to store notices the change at its check every 10 s. This one notices it now.
    expect(await createRoamer().token(b, other)).toMatchObject({ status: 503, body: { view: { isSignedIn: true } } })
    // A node that starts does not know what is still to be stored, so it signs nobody in.
    const late = await deployment.add({ isReady: false, timeout: 50 })
    expect(await createRoamer().token(late, token)).toMatchObject(unavailable)
    await expect(late.store.ready('loaded')).rejects.toThrow('out of reach')

    proxy.pointTo(second)
    await Promise.all([a, b, late].map(({ store }) => untilReady(store)))
    await eventually(async () => (await browser.clear(a)).status === 200, 'the sign-out')
    for (const node of [a, b, late]) {
      expect((await createRoamer().token(node, token)).body.code).toBe('token-superseded')
      expect((await createRoamer().token(node, other)).status).toBe(200)
    }
    // A node that starts now reads it from the new primary.
    expect((await createRoamer().token(await deployment.add(), token)).body.code).toBe('token-superseded')
    // It also receives what the others publish, on its new connection.
    const { browser: watched } = await signIn(a, { sub: 'user_w', sid: 'sess_w' })
    const stream = await watched.open(b)
    await stream.viewWhere(({ isSignedIn }) => isSignedIn)
    expect((await watched.clear(a)).status).toBe(200)
    await stream.viewWhere(({ state }) => state === 'signedOut')

    for (const { log } of [a, b, late]) {
      expect(log.printed().map(({ code, details }) => [code, details['kind']])).toEqual([['redis.refused', 'replica']])
      expect(log.codes('info').at(-1)).toBe('redis.current')
    }
  })
})
