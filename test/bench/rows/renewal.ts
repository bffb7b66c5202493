import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
/**
 * Measures the share of a core for 10,000 sessions that are each renewed every 50 s, with the pings of their streams.
 */
import { sized } from '../effort.ts'
import { connect } from '../raw-http.ts'
import { toTokenRequest } from '../requests.ts'
import { measureRounds } from '../rounds.ts'
import { sendEvenly } from '../send-evenly.ts'
import { createSessions } from '../sessions.ts'
import { startReader } from '../start-reader.ts'
import { startServer } from '../start-server.ts'
import { createWarmUp } from '../warm-up.ts'

const rounds = 5
const sessions = sized(10_000)
const every = sized(50_000)
/** The length of one round, ms. Every stream gets one ping in it. */
const span = sized(15_000)
const connections = 16
const names = ['authchart', 'limit'] as const

export const renewal: Bench = {
  rows: ['renewal/limit'],
  async run({ mint }) {
    const { toStreamRequests } = await createSessions(mint, sessions)
    const warmUp = createWarmUp(mint)
    const parties = new Map<string, Awaited<ReturnType<typeof open>>>()
    for (const name of names) parties.set(name, await open(name))

    async function open(name: (typeof names)[number]) {
      const [server, reader] = await Promise.all([startServer(name, mint.options), startReader()])
      await warmUp(server)
      return { server, reader, cookies: await reader.open(server.port, toStreamRequests(server.port)) }
    }

    const perRound = (sessions * span) / every
    const samples = await measureRounds(names, { rounds, warmUps: 0 }, async (name, round) => {
      const { server, cookies } = parties.get(name)!
      const { port } = server
      const users = Array.from({ length: perRound }, (_, n) => (round * perRound + n) % sessions)
      const serial = 1 + Math.floor((round * perRound) / sessions)
      const posts = await Promise.all(
        users.map(async (user) => {
          const token = await mint.mint(user, serial + 1)
          return toTokenRequest(name, { port, tab: `tab-${user}`, cookie: cookies[user] ?? '', token })
        }),
      )
      // The connections are opened again, because a server closes a connection that is silent for a minute.
      const pool = await Promise.all(Array.from({ length: connections }, () => connect(port)))
      const before = await server.report()
      const start = performance.now()
      await sendEvenly(posts, pool, span)
      const seconds = (performance.now() - start) / 1_000
      for (const connection of pool) connection.destroy()
      return ((await server.report()).cpu - before.cpu) / seconds / 1e4
    })
    for (const { server, reader } of parties.values()) {
      reader.stop()
      await server.stop()
    }
    return [toRatioRow('renewal/limit', samples.authchart, samples.limit)]
  },
}
