/** Measures the time from the POST of a token to its frame, one at a time. */
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { openBrowser, type Browser } from '../browser.ts'
import { measureRounds } from '../rounds.ts'
import { startServer, type BenchServer } from '../start-server.ts'
import { median, quantile } from '../statistics.ts'
import { createWarmUp } from '../warm-up.ts'

const rounds = 9
const warmUps = 1
const posts = 150
const names = ['authchart', 'limit'] as const
const quantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]

export const latency: Bench = {
  rows: ['latency-p50/limit'],
  async run({ mint, chart }) {
    const warmUp = createWarmUp(mint)
    const servers: BenchServer[] = []
    const browsers = new Map<string, Browser>()
    for (const name of names) {
      const server = await startServer(name, mint.options)
      servers.push(server)
      await warmUp(server)
      browsers.set(name, await openBrowser(server, mint, 0))
    }
    const all: Record<(typeof names)[number], number[]> = { authchart: [], limit: [] }
    const samples = await measureRounds(names, { rounds, warmUps }, async (name, round) => {
      const browser = browsers.get(name)!
      const serials = Array.from({ length: posts }, (_, n) => 1 + (round + warmUps) * posts + n)
      const requests = await Promise.all(serials.map(async (serial) => browser.toPost(await mint.mint(0, serial))))
      const times: number[] = []
      for (const [n, request] of requests.entries()) {
        const mark = mint.toMark(serials[n] ?? 0)
        const start = performance.now()
        await browser.post(request, mark)
        times.push((performance.now() - start) * 1_000)
      }
      if (round >= 0) all[name].push(...times)
      return median(times)
    })
    chart(
      'latency',
      names.map((name) => ({ name, points: quantiles.map((q) => [q * 100, Math.round(quantile(all[name], q))]) })),
    )
    for (const browser of browsers.values()) browser.destroy()
    for (const server of servers) await server.stop()
    return [toRatioRow('latency-p50/limit', samples.authchart, samples.limit)]
  },
}
