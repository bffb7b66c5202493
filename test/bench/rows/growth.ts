import { openAudience, type Audience } from '../audience.ts'
import { toRatioRow, type BenchRow } from '../bench-row.ts'
import type { Bench, ChartSeries } from '../bench.ts'
import type { ContenderName } from '../contenders/index.ts'
/**
 * Measures what one session costs among 1,000, 10,000 and 30,000: heap and POST against themselves among 1,000, and the
 * CPU of a frame to all against the limit. The processor's cache does not hold the sockets of 30,000 streams, so a frame
 * costs every server more then.
 */
import { sized } from '../effort.ts'
import { canHaveFiles } from '../file-limit.ts'
import { inBatches } from '../in-batches.ts'
import { connect, toCookie } from '../raw-http.ts'
import { toTokenRequest } from '../requests.ts'
import { measureRounds, type Samples } from '../rounds.ts'
import { createSessions, type Sessions } from '../sessions.ts'
import { settle } from '../settle.ts'
import { startReader } from '../start-reader.ts'
import { startServer, type BenchServer } from '../start-server.ts'
import { median } from '../statistics.ts'
import type { TokenMint } from '../tokens.ts'

const rounds = 5
const sizes = ['1000', '10000', '30000'] as const
type Size = (typeof sizes)[number]
/** Twice as many are sent, because the first half only warms the server up. */
const posts = sized(800)
const connections = 16
/**
 * Returns the number of views in a round. The total of frames is the same for every number of streams, but a round
 * has at most 30 views.
 */
const toViews = (size: string) => Math.min(30, 90_000 / Number(size))
const peers: readonly ContenderName[] = ['raw', 'better-sse', 'h3-actor']

/** True if the system lets one process have enough sockets. The streams then have sockets. */
const hasSockets = canHaveFiles(31_000)

export const growth: Bench = {
  rows: ['growth/limit', 'growth/30k'],
  async run({ mint, chart }) {
    const all = await createSessions(mint, sized(Number(sizes.at(-1))))
    const empty = () => Object.fromEntries(sizes.map((size) => [size, [] as number[]])) as Record<Size, number[]>
    const postCpu = empty()
    const postTime = empty()
    const heap = await measureRounds(sizes, { rounds, warmUps: 0 }, async (size) => {
      const { server, cookies, bytes, close } = await openAll('authchart', mint, all, sized(Number(size)))
      const { cpu, ms } = await postSome(server, mint, cookies)
      postCpu[size].push(cpu)
      postTime[size].push(ms)
      await close()
      return bytes
    })

    const frames = await measureFrames(mint)
    const costs = { 'heap per session': heap, 'CPU of a POST': postCpu, 'time of a POST': postTime }
    chart('memory', [toSeries('authchart', heap), ...(await measurePeers(mint, all))])
    chart(
      'growth',
      Object.entries({ ...costs, 'CPU of a frame': frames.authchart }).map(([name, samples]) =>
        toSeries(name, samples),
      ),
    )
    return [toFrameRow(frames), toSessionRow(costs)]
  },
}

const framed = ['authchart', 'limit'] as const
const audienceSizes = ['1', ...sizes] as const

/**
 * Measures the cost of a frame, of both contenders in each round.
 *
 * @returns the server's CPU for one frame of a view, µs, without that of the POST that changed the view
 */
async function measureFrames(mint: TokenMint): Promise<Record<(typeof framed)[number], Samples<Size>>> {
  const audiences = new Map<string, Audience>()
  const keys = framed.flatMap((name) => audienceSizes.map((size) => `${name} ${size}` as const))
  for (const key of keys) {
    const [name, size] = key.split(' ') as [ContenderName, string]
    const server = await startServer(name, mint.options)
    const reader = hasSockets ? await startReader() : undefined
    audiences.set(key, await openAudience({ server, mint, size: size === '1' ? 1 : sized(Number(size)), reader }))
  }
  const warmUps = 2
  const cpu = await measureRounds(keys, { rounds, warmUps }, (key, round) => {
    const views = toViews(key.split(' ')[1] ?? '')
    return audiences.get(key)!.measure((round + warmUps) * views, views)
  })
  for (const audience of audiences.values()) await audience.stop()
  const toFrames = (name: (typeof framed)[number]) => {
    const post = median(cpu[`${name} 1`])
    const toFrame = (size: Size) => cpu[`${name} ${size}`].map((view) => (view - post) / sized(Number(size)))
    return { '1000': toFrame('1000'), '10000': toFrame('10000'), '30000': toFrame('30000') }
  }
  return { authchart: toFrames('authchart'), limit: toFrames('limit') }
}

/** Measures the memory of the peers once, only for the chart. */
async function measurePeers(mint: TokenMint, all: Sessions): Promise<ChartSeries[]> {
  const series: ChartSeries[] = []
  for (const name of peers) {
    const points: [number, number][] = []
    for (const size of sizes) {
      const { bytes, close } = await openAll(name, mint, all, sized(Number(size)))
      await close()
      points.push([Number(size), Math.round(bytes)])
    }
    series.push({ name, points })
  }
  return series
}

async function openAll(name: ContenderName, mint: TokenMint, all: Sessions, count: number) {
  const server = await startServer(name, mint.options)
  const reader = hasSockets ? await startReader() : undefined
  const open = async (requests: readonly string[]) =>
    reader
      ? reader.open(server.port, requests)
      : (await server.openPipes(requests)).map((head) => toCookie(head) ?? null)
  await open(all.toWarmUpRequests(server.port))
  const before = await settle(server)
  const cookies = await open(all.toStreamRequests(server.port, count))
  const after = await settle(server)
  return {
    server,
    cookies,
    bytes: (after.heapUsed - before.heapUsed) / count,
    async close() {
      reader?.stop()
      await server.stop()
    },
  }
}

/**
 * Renews sessions that are spread over all of them.
 *
 * @returns the µs of the server's CPU for one POST, and the ms until it is answered, as medians
 */
async function postSome(server: BenchServer, mint: TokenMint, cookies: readonly (string | null)[]) {
  const { port } = server
  const toRequests = (firstSerial: number) =>
    Promise.all(
      Array.from({ length: posts }, async (_, n) => {
        const user = Math.floor((n / posts) * cookies.length)
        const token = await mint.mint(user, firstSerial + n)
        return toTokenRequest('authchart', { port, tab: `tab-${user}`, cookie: cookies[user] ?? '', token })
      }),
    )
  const pool = await Promise.all(Array.from({ length: connections }, () => connect(port)))
  const times: number[] = []
  const post = async (request: string, _: number, worker: number) => {
    const start = performance.now()
    const { status, body } = await pool[worker]!.send(request)
    if (status !== 200) throw new Error(`a renewal was answered ${status}: ${body}`)
    times.push(performance.now() - start)
  }
  await inBatches(await toRequests(1), connections, post)
  const requests = await toRequests(1 + posts)
  times.length = 0
  // The pings of many streams do not belong to the cost of the POSTs.
  const idle = await measureCpu(server, () => new Promise<void>((resolve) => void setTimeout(resolve, 1_000)))
  const busy = await measureCpu(server, () => inBatches(requests, 1, post))
  for (const connection of pool) connection.destroy()
  return { cpu: (busy.cpu - (idle.cpu / idle.ms) * busy.ms) / posts, ms: median(times) }
}

async function measureCpu(server: BenchServer, work: () => Promise<unknown>) {
  const before = await server.report()
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  return { cpu: (await server.report()).cpu - before.cpu, ms }
}

const growthAt = (size: Size, samples: Samples<Size>) =>
  samples[size].map((cost, round) => cost / (samples['1000'][round] ?? NaN))

const toGrowths = (samples: Samples<Size>) =>
  `× ${median(growthAt('10000', samples)).toFixed(2)} at 10,000, × ${median(growthAt('30000', samples)).toFixed(2)} at 30,000`

/** Returns the row that compares the growth of a frame with the growth of a frame of the limit. */
function toFrameRow({ authchart, limit }: Record<(typeof framed)[number], Samples<Size>>): BenchRow {
  const [ours, theirs] = [median(authchart['30000']), median(limit['30000'])].map((us) => us.toFixed(1))
  const streams = hasSockets ? '' : '; the streams have no sockets, since this machine allows a process fewer files'
  return {
    ...toRatioRow('growth/limit', growthAt('30000', authchart), growthAt('30000', limit)),
    note: `a frame at 30,000 costs ${ours} µs, and ${theirs} µs of the limit; ours grows ${toGrowths(authchart)}, the limit's ${toGrowths(limit)}${streams}`,
  }
}

/** Returns the row for the cost of a session that grew most. */
function toSessionRow(costs: Readonly<Record<string, Samples<Size>>>): BenchRow {
  const rows = Object.values(costs).map((samples) => toRatioRow('growth/30k', samples['30000'], samples['1000']))
  const worst = rows.reduce((a, b) => (b.ratio > a.ratio ? b : a))
  const all = Object.entries(costs).map(([name, samples]) => `${name} ${toGrowths(samples)}`)
  return { ...worst, value: worst.ratio, peerValue: 1, note: all.join('; ') }
}

const toSeries = (name: string, samples: Samples<Size>): ChartSeries => ({
  name,
  points: sizes.map((size) => [Number(size), Number(median(samples[size]).toPrecision(4))]),
})
