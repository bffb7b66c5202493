/**
 * How much more a cluster of two processes serves than one of one process. Clients and Redis need the same cores as the
 * servers, so the throughput of two cores cannot be seen on a machine with two. The row is what follows from the CPU of
 * a POST: two processes that each have a core serve twice as much, less what a POST costs more with two.
 */
import { startRedis } from '../../store/redis-server.ts'
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import type { ClusterReport } from '../cluster-process.ts'
import { sized } from '../effort.ts'
import { inBatches } from '../in-batches.ts'
import { connect, openStream } from '../raw-http.ts'
import { toStreamRequest, toTokenRequest } from '../requests.ts'
import { measureRounds } from '../rounds.ts'
import { nextMessage, startProcess } from '../start-process.ts'
import { median } from '../statistics.ts'
import type { TokenMint } from '../tokens.ts'

const rounds = 5
/** Each of two processes gets half of the posts, and is warm after some 8,000. */
const warmUps = 9
const browsers = 32
/** The posts of each browser in a round. */
const posts = sized(60)
/** In `apart`, each browser posts to the process that does not have its stream, as it happens without affinity. */
const names = ['one', 'two', 'apart'] as const
type Name = (typeof names)[number]
const sizes = { one: 1, two: 2, apart: 2 }

export const cluster: Bench = {
  rows: ['cluster/two-cores'],
  async run({ mint }) {
    const parties = new Map<Name, Awaited<ReturnType<typeof open>>>()
    for (const name of names) parties.set(name, await open(name, mint))
    const primary: number[] = []
    const cpu = await measureRounds(names, { rounds, warmUps }, async (name, round) => {
      const spent = await parties.get(name)!.post(1 + (round + warmUps) * posts)
      if (name === 'two' && round >= 0) primary.push(spent.primary)
      return spent.all
    })
    for (const { stop } of parties.values()) await stop()
    const toRates = (samples: readonly number[], cores: number) => samples.map((each) => (cores * 1e6) / each)
    const [one, two, apart] = [toRates(cpu.one, 1), toRates(cpu.two, 2), toRates(cpu.apart, 2)]
    const unaffine = toRatioRow('cluster/two-cores', apart, one).ratio.toFixed(2)
    const note = `computed from the CPU of a POST, of which the primary has ${median(primary).toFixed(0)} µs; × ${unaffine} where every POST goes to the process that does not have the stream`
    return [{ ...toRatioRow('cluster/two-cores', two, one), note }]
  },
}

async function open(name: Name, mint: TokenMint) {
  const redis = await startRedis()
  const options = JSON.stringify({ ...mint.options, redisUrl: redis.url })
  const child = await startProcess('cluster-process', 'server', { args: [String(sizes[name]), options] })
  const { port } = await nextMessage<{ port: number }>(child)
  const users = Array.from({ length: browsers }, (_, user) => user)

  // The primary gives each connection to the next process in turn, so the order decides which process gets which.
  const streams = await inBatches(users, 1, async (user) =>
    openStream(port, toStreamRequest({ port, tab: `tab-${user}`, token: await mint.mint(user, 0) })),
  )
  if (name === 'apart') (await connect(port)).destroy()
  const connections = await inBatches(users, 1, () => connect(port))

  async function report() {
    const answer = nextMessage<ClusterReport>(child)
    child.send('report')
    const { primary, workers } = await answer
    return { primary, all: workers.reduce((sum, cpu) => sum + cpu, primary) }
  }

  return {
    /** Posts new tokens. @returns the CPU of a POST, µs, of all processes and of the primary alone */
    async post(firstSerial: number) {
      const tokens = await inBatches(users, 4, (user) =>
        Promise.all(Array.from({ length: posts }, (_, n) => mint.mint(user, firstSerial + n))),
      )
      const before = await report()
      await Promise.all(
        users.map(async (user) => {
          for (const token of tokens[user]!) {
            const cookie = streams[user]!.cookie ?? ''
            const request = toTokenRequest('authchart', { port, tab: `tab-${user}`, cookie, token })
            const { status, body } = await connections[user]!.send(request)
            if (status !== 200) throw new Error(`a renewal was answered ${status}: ${body}`)
          }
        }),
      )
      const after = await report()
      const per = (spent: number) => spent / (browsers * posts)
      return { all: per(after.all - before.all), primary: per(after.primary - before.primary) }
    },
    async stop() {
      for (const each of [...streams, ...connections]) each.destroy()
      child.disconnect()
      await redis.stop()
    },
  }
}
