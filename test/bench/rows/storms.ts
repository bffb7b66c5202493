/**
 * The minutes that hurt: very much work that is due at once. Each row is the longest delay of the server's event loop,
 * because that is how long every other request has to wait. The note says when the work was done.
 */
import { createWebhookSecret } from '../../kit/clerk-emulator/webhook.ts'
import { toValueRow } from '../bench-row.ts'
import type { BenchRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { isQuick, sized } from '../effort.ts'
import type { RowName } from '../goals.ts'
import { inBatches } from '../in-batches.ts'
import { connect } from '../raw-http.ts'
import { toStreamRequest, toTokenRequest, toWebhookRequest } from '../requests.ts'
import { settle } from '../settle.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'
import type { BenchServer, LoopDelays } from '../start-server.ts'
import { median } from '../statistics.ts'
import { toUserId } from '../tokens.ts'
import type { TokenMint } from '../tokens.ts'

const rounds = isQuick ? 1 : 3
/** How long the sessions of the expiry live, s: as long as it takes to open them, and then some. */
const life = isQuick ? 8 : 30
/** For so long the server accepts a token after its `exp`, ms. */
const tolerance = 60_000

interface Storm {
  readonly row: RowName
  /** @returns the ms from the moment when the work was due to its end, with the delays of the loop until then */
  readonly run: (mint: TokenMint) => Promise<{ ms: number; delays: LoopDelays }>
}

/** Takes the delays of the loop while something goes on, without what came before it. */
async function watch(server: BenchServer, start: number, work: () => Promise<unknown>) {
  await server.delays()
  await work()
  const ms = performance.timeOrigin + performance.now() - start
  return { ms, delays: await server.delays() }
}

const toNow = () => performance.timeOrigin + performance.now()
const toTokens = (count: number, mint: (n: number) => Promise<string>) =>
  inBatches(
    Array.from({ length: count }, (_, n) => n),
    16,
    mint,
  )

async function runExpiry(mint: TokenMint) {
  const count = sized(10_000)
  const server = await startServer('authchart', mint.options)
  const reader = await startReader()
  const { port } = server
  const tokens = await toTokens(count, (user) => mint.mint(user, 0))
  const cookies = await reader.open(
    port,
    tokens.map((token, n) => toStreamRequest({ port, tab: `t${n}`, token })),
  )
  // The token that ends soon is minted when the streams are open, so that none ends before them.
  const due = Math.ceil(Date.now() / 1_000 + life) * 1_000
  const last = await toTokens(count, (user) => mint.mintUntil(user, (due - tolerance) / 1_000))
  const pool = await Promise.all(Array.from({ length: 64 }, () => connect(port)))
  await inBatches(last, pool.length, async (token, n, worker) => {
    const { status } = await pool[worker]!.send(
      toTokenRequest('authchart', { port, tab: `t${n}`, cookie: cookies[n] ?? '', token }),
    )
    if (status !== 200) throw new Error(`a renewal was answered ${status}`)
  })
  if (Date.now() > due) throw new Error('the sessions ended before all of them were renewed')
  const { seen } = await reader.lookOut('"isSignedIn":false', count)
  const measured = await watch(server, due, () => seen)
  for (const connection of pool) connection.destroy()
  reader.stop()
  await server.stop()
  return measured
}

async function runRevocation(mint: TokenMint) {
  const count = sized(10_000)
  const webhookSecret = createWebhookSecret()
  const server = await startServer('authchart', { ...mint.options, webhookSecret })
  const reader = await startReader()
  const { port } = server
  const webhook = await connect(port)
  const tokens = await toTokens(count, (session) => mint.mint(0, 0, session))
  await reader.open(
    port,
    tokens.map((token, n) => toStreamRequest({ port, tab: `t${n}`, token })),
  )
  const { seen } = await reader.lookOut('"isSignedIn":false', count)
  const event = { type: 'user.deleted', data: { id: toUserId(0) } }
  const request = toWebhookRequest(port, webhookSecret, event)
  const measured = await watch(server, toNow(), async () => {
    const [{ status }] = await Promise.all([webhook.send(request), seen])
    if (status !== 204) throw new Error(`the webhook was answered ${status}`)
  })
  webhook.destroy()
  reader.stop()
  await server.stop()
  return measured
}

/** Streams that come at once, each with its token. */
async function runStreams(mint: TokenMint) {
  return runArrivals(mint, { count: sized(5_000), early: sized(500) })
}

/** All clients of a server that has restarted without its sessions come back at once, and none of its code has run. */
async function runRestart(mint: TokenMint) {
  return runArrivals(mint, { count: sized(10_000), early: 0 })
}

async function runArrivals(mint: TokenMint, { count, early }: { readonly count: number; readonly early: number }) {
  const server = await startServer('authchart', mint.options)
  const reader = await startReader()
  const { port } = server
  const toRequests = (tokens: readonly string[], prefix: string) =>
    tokens.map((token, n) => toStreamRequest({ port, tab: `${prefix}${n}`, token }))
  await reader.open(port, toRequests(await toTokens(early, (user) => mint.mint(user, 0)), 'w'))
  const requests = toRequests(await toTokens(count, (user) => mint.mint(10_000 + user, 0)), 't')
  await settle(server)
  const measured = await watch(server, toNow(), () => reader.open(port, requests, count))
  reader.stop()
  await server.stop()
  return measured
}

async function runSignIns(mint: TokenMint) {
  const count = sized(10_000)
  const server = await startServer('authchart', mint.options)
  const { port } = server
  const tokens = await toTokens(count, (user) => mint.mint(user, 0))
  const requests = tokens.map((token, n) => toTokenRequest('authchart', { port, tab: `t${n}`, cookie: 'a=b', token }))
  const pool = await Promise.all(Array.from({ length: 256 }, () => connect(port)))
  const measured = await watch(server, toNow(), () =>
    inBatches(requests, pool.length, async (request, _, worker) => {
      const { status } = await pool[worker]!.send(request)
      if (status !== 200) throw new Error(`a sign-in was answered ${status}`)
    }),
  )
  for (const connection of pool) connection.destroy()
  await server.stop()
  return measured
}

const all: readonly Storm[] = [
  { row: 'storm/expiry', run: runExpiry },
  { row: 'storm/revocation', run: runRevocation },
  { row: 'storm/streams', run: runStreams },
  { row: 'storm/restart', run: runRestart },
  { row: 'storm/sign-ins', run: runSignIns },
]

export const storms: Bench = {
  rows: all.map(({ row }) => row),
  async run({ mint, wanted }) {
    const rows: BenchRow[] = []
    for (const { row, run } of all) {
      if (!wanted.has(row)) continue
      const measured: Awaited<ReturnType<Storm['run']>>[] = []
      for (let round = 0; round < rounds; round += 1) measured.push(await run(mint))
      const toMedian = (pick: (each: (typeof measured)[number]) => number) => Math.round(median(measured.map(pick)))
      const delays = `p50 ${toMedian(({ delays }) => delays.p50)} ms, p99 ${toMedian(({ delays }) => delays.p99)} ms`
      const note = `done after ${toMedian(({ ms }) => ms)} ms; delay of the loop meanwhile: ${delays}`
      rows.push({
        ...toValueRow(
          row,
          measured.map(({ delays }) => delays.max),
        ),
        note,
      })
    }
    return rows
  },
}
