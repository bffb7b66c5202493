/** The same sessions on two nodes, on four and on eight: the CPU of a renewal, and the calls to Redis that it takes. */
import { createClient } from 'redis'
import type { SessionStore } from '../../../adapters/hub/store/session-store.ts'
import { createRedisSessionStore } from '../../../adapters/redis/index.ts'
import { startRedis, type RedisServer } from '../../store/redis-server.ts'
import { toRatioRow, toValueRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { sized } from '../effort.ts'
import { inBatches } from '../in-batches.ts'
import { readOwnCpu, readRedisCpu, seal, toAlias, toRecord, untilReady } from '../redis-sessions.ts'
import { measureRounds } from '../rounds.ts'

const rounds = 7
const sessions = sized(8_000)
/** The renewals of each session in a round. */
const renewals = 5
const names = ['eight', 'four', 'two'] as const
const sizes = { eight: 8, four: 4, two: 2 }
const counted = ['get', 'set', 'del', 'pExpire', 'eval', 'evalSha'] as const
const indices = Array.from({ length: sessions }, (_, index) => index)
const until = () => Date.now() + 3_600_000

export const redis: Bench = {
  rows: ['redis/fan-out', 'redis/renewal-calls'],
  async run() {
    const server = await startRedis()
    const calls = { count: 0 }
    const parties = new Map<string, Awaited<ReturnType<typeof open>>>()
    for (const name of names) parties.set(name, await open(server, name, sizes[name], calls))
    const calledFor: number[] = []
    const samples = await measureRounds(names, { rounds }, async (name, round) => {
      const { renew } = parties.get(name)!
      const [redisBefore, ownBefore, callsBefore] = [await readRedisCpu(server), readOwnCpu(), calls.count]
      await renew()
      const spent = readOwnCpu() - ownBefore + (await readRedisCpu(server)) - redisBefore
      if (round >= 0) calledFor.push((calls.count - callsBefore) / (sessions * renewals))
      return spent / (sessions * renewals)
    })
    for (const { close } of parties.values()) await close()
    await server.stop()
    const four = toRatioRow('redis/fan-out', samples.four, samples.two).ratio.toFixed(2)
    return [
      { ...toRatioRow('redis/fan-out', samples.eight, samples.two), note: `on 4 nodes × ${four}` },
      toValueRow(
        'redis/renewal-calls',
        calledFor.map((count) => Number(count.toFixed(3))),
      ),
    ]
  },
}

/** A deployment whose nodes hold an equal share of the sessions each. All nodes are in this process. */
async function open(server: RedisServer, prefix: string, size: number, calls: { count: number }) {
  const nodes = await Promise.all(
    Array.from({ length: size }, async (_, node) => {
      const client = createClient({ url: server.url, commandOptions: { timeout: undefined } })
      await client.connect()
      countCalls(client as never, calls)
      const store = seal(createRedisSessionStore({ client, prefix, timeout: 30_000 }))
      const held = new Set(indices.filter((index) => index % size === node).map((index) => toRecord(index, 1).id))
      store.watch(
        () => {},
        (name) => held.has(name),
      )
      await untilReady(store)
      return { client, store }
    }),
  )
  const storeOf = (index: number): SessionStore => nodes[index % size]!.store
  let rev = 1
  await inBatches(indices, 200, async (index) => {
    const record = toRecord(index, rev)
    await storeOf(index).write(record, { expectedRev: null, until: until() })
    await storeOf(index).rotate(record.id, { from: null, to: toAlias(index), retireFor: 10_000 })
  })
  return {
    async renew() {
      for (let left = renewals; left > 0; left -= 1) {
        rev += 1
        await inBatches(indices, 200, async (index) => {
          const result = await storeOf(index).write(toRecord(index, rev), { expectedRev: rev - 1, until: until() })
          if (!result.written) throw new Error('a renewal was not written')
        })
      }
    },
    async close() {
      for (const { client, store } of nodes) {
        await store.close()
        client.destroy()
      }
    },
  }
}

function countCalls(client: Record<string, (...args: unknown[]) => Promise<unknown>>, calls: { count: number }) {
  for (const name of counted) {
    const send = client[name]!
    client[name] = (...args) => {
      calls.count += 1
      return send.apply(client, args)
    }
  }
}
