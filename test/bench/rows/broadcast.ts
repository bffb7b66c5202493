import { openAudience, type Audience } from '../audience.ts'
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import type { ContenderName } from '../contenders/index.ts'
/**
 * Measures the server's cost of one frame, when one view goes to 10,000 streams. A POST of a token makes the server
 * send it.
 */
import { sized } from '../effort.ts'
import type { RowName } from '../goals.ts'
import { measureRounds } from '../rounds.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'

const rounds = 7
const warmUps = 2
const streams = sized(10_000)
/** The number of views in each round. */
const views = 3

const peers: Partial<Record<RowName, ContenderName>> = {
  'broadcast/raw': 'limit',
  'broadcast/better-sse': 'better-sse',
}

export const broadcast: Bench = {
  rows: Object.keys(peers) as RowName[],
  async run({ mint, wanted }) {
    const selected = (Object.entries(peers) as [RowName, ContenderName][]).filter(([row]) => wanted.has(row))
    const names: ContenderName[] = ['authchart', ...selected.map(([, peer]) => peer)]
    const audiences = new Map<ContenderName, Audience>()
    for (const name of names) {
      const [server, reader] = await Promise.all([startServer(name, mint.options), startReader()])
      audiences.set(name, await openAudience({ server, mint, size: streams, reader }))
    }
    const samples = await measureRounds(names, { rounds, warmUps }, async (name, round) => {
      const cpu = await audiences.get(name)!.measure((round + warmUps) * views, views)
      return cpu / streams
    })
    for (const audience of audiences.values()) await audience.stop()
    return selected.map(([row, peer]) => toRatioRow(row, samples.authchart, samples[peer]))
  },
}
