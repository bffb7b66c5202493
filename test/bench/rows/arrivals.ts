/** How many first sign-ins and streams a server takes in a second, compared with the same duties by hand. */
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { sized } from '../effort.ts'
import type { RowName } from '../goals.ts'
import { measureRounds } from '../rounds.ts'
import { median } from '../statistics.ts'
import { prepareSignIns, prepareStreams, type ArrivalRound } from '../storms/arrivals.ts'
import type { TokenMint } from '../tokens.ts'

const rounds = 5
const names = ['authchart', 'by-hand'] as const
type Name = (typeof names)[number]
const count = sized(5_000)

interface Arrivals {
  readonly row: RowName
  readonly prepare: (mint: TokenMint) => Promise<(name: Name) => Promise<ArrivalRound>>
}

const all: readonly Arrivals[] = [
  { row: 'arrivals/sign-ins', prepare: (mint) => prepareSignIns(mint, count) },
  { row: 'arrivals/streams', prepare: (mint) => prepareStreams(mint, { count, early: sized(500) }) },
]

export const arrivals: readonly Bench[] = all.map(({ row, prepare }) => ({
  rows: [row],
  async run({ mint }) {
    const runRound = await prepare(mint)
    const cpu: Record<Name, number[]> = { authchart: [], 'by-hand': [] }
    const rates = await measureRounds(names, { rounds, warmUps: 0 }, async (name) => {
      const measured = await runRound(name)
      cpu[name].push(measured.cpu / count)
      return count / (measured.done / 1_000)
    })
    const [ours, theirs] = [median(cpu.authchart), median(cpu['by-hand'])]
    const note = `by the server's CPU alone ${(theirs / ours).toFixed(2)}: ${ours.toFixed(0)} µs to ${theirs.toFixed(0)} µs each`
    return [{ ...toRatioRow(row, rates.authchart, rates['by-hand']), note }]
  },
}))
