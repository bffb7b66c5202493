/** Measures the whole way from the POST of a token to its frame on the stream, with a new token each time. */
import { toRatioRow, type BenchRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { openBrowser, type Browser } from '../browser.ts'
import type { ContenderOptions } from '../contenders/contender.ts'
import type { ContenderName } from '../contenders/index.ts'
import type { RowName } from '../goals.ts'
import { inBatches } from '../in-batches.ts'
import { measureRounds } from '../rounds.ts'
import { startServer } from '../start-server.ts'
import { median } from '../statistics.ts'
import type { TokenMint } from '../tokens.ts'

const rounds = 7
const warmUps = 3
const browserCount = 32
/** The number of posts of each browser in a round. */
const posts = 64

/** Rows that compare the throughput, and rows that compare the server's CPU for one post. */
const peers: Partial<Record<RowName, ContenderName>> = {
  'post-to-frame/limit': 'limit',
  'post-to-frame/h3-actor': 'h3-actor',
  'post-to-frame/clerk-verify': 'clerk-verify',
  'post-to-frame/clerk-authenticate': 'clerk-authenticate',
  'post-cpu/by-hand': 'by-hand',
  'post-cpu/by-hand-h3': 'by-hand-h3',
}
const isOfCpu = (row: RowName) => row.startsWith('post-cpu/')

export interface Entrant<Name extends string> {
  readonly name: Name
  readonly contender: ContenderName
  readonly options: ContenderOptions
}

/**
 * Measures the throughput.
 *
 * @returns posts per second, and the server's CPU for one post, µs, of each round
 */
export async function measureThroughput<Name extends string>(mint: TokenMint, entrants: readonly Entrant<Name>[]) {
  const tokens = new Map<number, readonly (readonly string[])[]>()
  const toSerial = (round: number, n: number) => 1 + (round + warmUps) * posts + n
  async function mintRound(round: number) {
    const known = tokens.get(round)
    if (known) return known
    const users = Array.from({ length: browserCount }, (_, user) => user)
    const serials = Array.from({ length: posts }, (_, n) => toSerial(round, n))
    const minted = await Promise.all(users.map((user) => Promise.all(serials.map((serial) => mint.mint(user, serial)))))
    tokens.clear()
    tokens.set(round, minted)
    return minted
  }

  const names = entrants.map(({ name }) => name)
  const parties = new Map<Name, { server: Awaited<ReturnType<typeof startServer>>; browsers: Browser[] }>()
  for (const { name, contender, options } of entrants) {
    const server = await startServer(contender, options)
    const users = Array.from({ length: browserCount }, (_, user) => user)
    parties.set(name, { server, browsers: await inBatches(users, 8, (user) => openBrowser(server, mint, user)) })
  }
  const cpu = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>

  const throughput = await measureRounds(names, { rounds, warmUps }, async (name, round) => {
    const minted = await mintRound(round)
    const { server, browsers } = parties.get(name)!
    const requests = browsers.map((browser, user) => (minted[user] ?? []).map((token) => browser.toPost(token)))
    const before = await server.report()
    const start = performance.now()
    await Promise.all(
      browsers.map(async (browser, user) => {
        for (let n = 0; n < posts; n += 1)
          await browser.post(requests[user]?.[n] ?? '', mint.toMark(toSerial(round, n)))
      }),
    )
    const seconds = (performance.now() - start) / 1_000
    if (round >= 0) cpu[name].push(((await server.report()).cpu - before.cpu) / (browserCount * posts))
    return (browserCount * posts) / seconds
  })
  for (const { server, browsers } of parties.values()) {
    for (const browser of browsers) browser.destroy()
    await server.stop()
  }
  return { throughput, cpu }
}

export const postToFrame: Bench = {
  rows: Object.keys(peers) as RowName[],
  async run({ mint, wanted, chart }) {
    const selected = (Object.entries(peers) as [RowName, ContenderName][]).filter(([row]) => wanted.has(row))
    const contenders: ContenderName[] = ['authchart', ...selected.map(([, peer]) => peer)]
    const entrants = contenders.map((name) => ({ name, contender: name, options: mint.options }))
    const { throughput, cpu } = await measureThroughput(mint, entrants)
    chart(
      'throughput',
      contenders.map((name) => ({ name, points: [[0, Math.round(median(throughput[name]))]] })),
    )
    return selected.map(([row, peer]): BenchRow => {
      if (isOfCpu(row)) return toRatioRow(row, cpu.authchart, cpu[peer])
      const byCpu = toRatioRow(row, cpu[peer], cpu.authchart).ratio
      const note = `by the server's CPU alone ${byCpu.toFixed(2)}: ${toCpu(cpu.authchart)} to ${toCpu(cpu[peer])} a post`
      return { ...toRatioRow(row, throughput.authchart, throughput[peer]), note }
    })
  },
}

const toCpu = (values: readonly number[]) => `${median(values).toFixed(0)} µs`
