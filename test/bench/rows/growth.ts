/**
 * Measures what one session costs among 1,000, 10,000 and 30,000: heap, the CPU of a POST, and the CPU of a frame to
 * all.
 */
import { sized } from '../effort.ts'
import { openAudience } from '../audience.ts'
import type { Audience } from '../audience.ts'
import { toRatioRow } from '../bench-row.ts'
import type { BenchRow } from '../bench-row.ts'
import type { Bench, ChartSeries } from '../bench.ts'
import type { ContenderName } from '../contenders/index.ts'
import { canHaveFiles } from '../file-limit.ts'
import { inBatches } from '../in-batches.ts'
import { connect, toCookie } from '../raw-http.ts'
import { toTokenRequest } from '../requests.ts'
import { measureRounds } from '../rounds.ts'
import type { Samples } from '../rounds.ts'
import { createSessions } from '../sessions.ts'
import type { Sessions } from '../sessions.ts'
import { settle } from '../settle.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'
import type { BenchServer } from '../start-server.ts'
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
  rows: ['growth/30k'],
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

    const frameCpu = await measureFrames('authchart', mint)
    const rawFrameCpu = await measureFrames('limit', mint)
    const costs = {
      'heap per session': heap,
      'CPU of a POST': postCpu,
      'time of a POST': postTime,
      'CPU of a frame': frameCpu,
    }
    chart('memory', [toSeries('authchart', heap), ...(await measurePeers(mint, all))])
    chart(
      'growth',
      Object.entries(costs).map(([name, samples]) => toSeries(name, samples)),
    )
    return [toGrowthRow(costs, rawFrameCpu)]
  },
}

/**
 * Measures the cost of a frame.
 *
 * @returns the server's CPU for one frame of a view, µs, without that of the POST that changed the view
 */
async function measureFrames(name: ContenderName, mint: TokenMint): Promise<Samples<Size>> {
  const audiences = new Map<Size | '1', Audience>()
  for (const size of ['1', ...sizes] as const) {
    const server = await startServer(name, mint.options)
    const reader = hasSockets ? await startReader() : undefined
    audiences.set(size, await openAudience({ server, mint, size: size === '1' ? 1 : sized(Number(size)), reader }))
  }
  const warmUps = 2
  const cpu = await measureRounds(['1', ...sizes], { rounds, warmUps }, (size, round) =>
    audiences.get(size)!.measure((round + warmUps) * toViews(size), toViews(size)),
  )
  for (const audience of audiences.values()) await audience.stop()
  const post = median(cpu['1'])
  const toFrames = (size: Size) => cpu[size].map((view) => (view - post) / sized(Number(size)))
  return { '1000': toFrames('1000'), '10000': toFrames('10000'), '30000': toFrames('30000') }
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

/** Returns the row for the cost that grew most. Its note says how much a frame of the limit grows. */
function toGrowthRow(costs: Readonly<Record<string, Samples<Size>>>, rawFrameCpu: Samples<Size>): BenchRow {
  const rows = Object.entries(costs).map(([name, samples]) => ({
    name,
    row: toRatioRow('growth/30k', samples['30000'], samples['1000']),
    ten: toRatioRow('growth/30k', samples['10000'], samples['1000']).ratio,
  }))
  const worst = rows.reduce((a, b) => (b.row.ratio > a.row.ratio ? b : a))
  const all = rows.map(
    ({ name, row, ten }) => `${name} × ${ten.toFixed(2)} at 10,000, × ${row.ratio.toFixed(2)} at 30,000`,
  )
  const raw = toRatioRow('growth/30k', rawFrameCpu['30000'], rawFrameCpu['1000']).ratio.toFixed(2)
  const streams = hasSockets ? '' : '; the streams have no sockets, since this machine allows a process fewer files'
  return {
    ...worst.row,
    value: worst.row.ratio,
    peerValue: 1,
    note: `${all.join('; ')}, where a frame of the limit grows × ${raw}${streams}`,
  }
}

const toSeries = (name: string, samples: Samples<Size>): ChartSeries => ({
  name,
  points: sizes.map((size) => [Number(size), Number(median(samples[size]).toPrecision(4))]),
})
