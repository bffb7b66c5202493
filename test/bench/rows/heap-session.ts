import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import type { ContenderName } from '../contenders/index.ts'
/** Measures the heap of one idle session: its stream, and everything that the contender keeps for it. */
import { sized } from '../effort.ts'
import type { RowName } from '../goals.ts'
import { measureRounds } from '../rounds.ts'
import { createSessions } from '../sessions.ts'
import { settle } from '../settle.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'

const rounds = 5
const sessions = sized(10_000)

const peers: Partial<Record<RowName, ContenderName>> = {
  'heap-session/raw': 'raw',
  'heap-session/better-sse': 'better-sse',
  'heap-session/h3-actor': 'h3-actor',
}

export const heapSession: Bench = {
  rows: Object.keys(peers) as RowName[],
  async run({ mint, wanted }) {
    const selected = (Object.entries(peers) as [RowName, ContenderName][]).filter(([row]) => wanted.has(row))
    const names: ContenderName[] = ['authchart', ...selected.map(([, peer]) => peer)]
    const reader = await startReader()
    const all = await createSessions(mint, sessions)

    const samples = await measureRounds(names, { rounds, warmUps: 0 }, async (name) => {
      const server = await startServer(name, mint.options)
      await reader.open(server.port, all.toWarmUpRequests(server.port))
      const before = await settle(server)
      await reader.open(server.port, all.toStreamRequests(server.port))
      const after = await settle(server)
      await reader.close()
      await server.stop()
      return (after.heapUsed - before.heapUsed) / sessions
    })
    reader.stop()
    return selected.map(([row, peer]) => toRatioRow(row, samples.authchart, samples[peer]))
  },
}
