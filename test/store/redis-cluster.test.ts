import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { StoreChange } from '../../adapters/h3/index.ts'
import { createRedisSessionStore } from '../../adapters/redis/index.ts'
import { shards } from '../../adapters/redis/redis-keys.ts'
import { eventually } from '../h3/harness.ts'
import { untilReady } from '../nodes/nodes.ts'
import { createRecord } from './contract.ts'
import { findRedis, startRedis } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'

describe.runIf(findRedis())('the Redis store on a cluster of three', () => {
  let masters: RedisServer[]
  beforeAll(async () => {
    const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
    masters = await Promise.all([0, 1, 2].map(() => startRedis(...settings)))
    const addresses = masters.map(({ port }) => `127.0.0.1:${port}`)
    await masters[0]!.cli('--cluster', 'create', ...addresses, '--cluster-yes')
    const isUp = async (master: RedisServer) => (await master.cli('CLUSTER', 'INFO')).includes('cluster_state:ok')
    await eventually(async () => (await Promise.all(masters.map(isUp))).every(Boolean), 'the cluster')
  })
  afterAll(() => Promise.all(masters.map((master) => master.stop())))

  async function createNode() {
    const client = createCluster({
      rootNodes: masters.map(({ url }) => ({ url })),
      defaults: { disableOfflineQueue: true },
    }).on('error', () => {})
    await client.connect()
    const store = createRedisSessionStore({ client, timeout: 5_000, logger: {} })
    onTestFinished(async () => {
      await store.close()
      client.destroy()
    })
    await untilReady(store)
    return store
  }

  it('has its shards spread evenly over the slots', async () => {
    const slots = await Promise.all(shards.map(async (tag) => Number(await masters[0]!.cli('CLUSTER', 'KEYSLOT', tag))))
    expect(slots.map((slot) => Math.floor(slot / 256))).toEqual(shards.map((_, index) => index))
  })

  it('keeps records, aliases and graves on whichever master they fall to, and tells every node', async () => {
    const [a, b] = await Promise.all([createNode(), createNode()])
    const heard: StoreChange[] = []
    b.watch((change) => heard.push(change))
    const until = Date.now() + 60_000
    const ids = Array.from({ length: 60 }, (_, index) => `session-${index}`)
    for (const id of ids) {
      const record = createRecord({ id })
      expect(await a.write(record, { expectedRev: null, until })).toEqual({ written: true })
      await a.rotate(id, { from: null, to: `alias-${id}`, retireFor: 10_000 })
      await a.rotate(id, { from: `alias-${id}`, to: `next-${id}`, retireFor: 10_000 })
      expect(await b.read(`next-${id}`)).toEqual({ record, retired: false })
      expect((await b.read(`alias-${id}`))?.retired).toBe(true)
      expect((await b.write(createRecord({ id, rev: 9 }), { expectedRev: 8, until })).written).toBe(false)
      await a.bury({ kind: 'session', id, clearedAt: Date.now(), until })
    }
    await expect.poll(() => heard.length).toBe(4 * ids.length)
    for (const id of ids) {
      expect(b.buried({ userId: 'user_a', sessionId: id, issuedAt: 0 })).toBe('token-superseded')
      await b.remove(id, 1)
      expect(await a.read(`next-${id}`)).toBeNull()
    }
    // Every master has its share.
    const sizes = await Promise.all(masters.map(async (master) => Number(await master.cli('DBSIZE'))))
    expect(sizes.filter((size) => size === 0)).toEqual([])
    const late = await createNode()
    expect(late.buried({ userId: 'user_a', sessionId: ids[7]!, issuedAt: 0 })).toBe('token-superseded')
  })
})
