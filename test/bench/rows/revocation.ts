import { createWebhookSecret } from '../../kit/clerk-emulator/webhook.ts'
import { toValueRow, type BenchRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
/**
 * Measures the time from the request of Clerk's webhook until the last of 1,000 streams of one user shows
 * `signedOut`.
 */
import { isQuick, sized } from '../effort.ts'
import { inBatches } from '../in-batches.ts'
import { connect, openStream, type Stream } from '../raw-http.ts'
import { toStreamRequest, toWebhookRequest } from '../requests.ts'
import { startServer } from '../start-server.ts'
import { quantile } from '../statistics.ts'
import { toSessionId, toUserId } from '../tokens.ts'

const rounds = isQuick ? 1 : 12
const streams = sized(1_000)

interface Kind {
  readonly name: string
  /** The number of streams of each browser. */
  readonly tabs: number
  /** True if every browser has its own Clerk session. */
  readonly hasOwnSessions: boolean
  readonly toEvent: (user: number) => { readonly type: string; readonly data: { readonly id: string } }
}

const deleted = (user: number) => ({ type: 'user.deleted', data: { id: toUserId(user) } })
const revoked = (user: number) => ({ type: 'session.revoked', data: { id: toSessionId(toFirstSession(user)) } })
const toFirstSession = (user: number) => user * streams

const kinds: readonly Kind[] = [
  { name: 'user.deleted, browsers of 16 tabs', tabs: 16, hasOwnSessions: true, toEvent: deleted },
  { name: 'user.deleted, browsers of one tab', tabs: 1, hasOwnSessions: true, toEvent: deleted },
  { name: 'session.revoked, browsers of one tab', tabs: 1, hasOwnSessions: false, toEvent: revoked },
]

export const revocation: Bench = {
  rows: ['revocation-p99/ms'],
  async run({ mint }) {
    const webhookSecret = createWebhookSecret()
    const server = await startServer('authchart', { ...mint.options, webhookSecret })
    const { port } = server
    const webhook = await connect(port)
    let user = 0

    /** Opens a signed-in browser with this many tabs. */
    async function openTabs(session: number, tabs: number): Promise<Stream[]> {
      const token = await mint.mint(user, 0, session)
      const first = await openStream(port, toStreamRequest({ port, tab: 'tab-0', token }))
      const { cookie } = first
      const others = Array.from({ length: tabs - 1 }, (_, n) =>
        openStream(port, toStreamRequest({ port, tab: `tab-${n + 1}`, cookie })),
      )
      return [first, ...(await Promise.all(others))]
    }

    /**
     * Revokes the sessions.
     *
     * @returns the ms until the last stream
     */
    async function revoke({ tabs, hasOwnSessions, toEvent }: Kind): Promise<number> {
      const browsers = Array.from({ length: Math.ceil(streams / tabs) }, (_, n) => n)
      const sessionOf = (n: number) => toFirstSession(user) + (hasOwnSessions ? n : 0)
      const opened = (await inBatches(browsers, 32, (n) => openTabs(sessionOf(n), tabs))).flat()
      const gone = opened.map((stream) => stream.seen('"state":"signedOut"'))
      const request = toWebhookRequest(port, webhookSecret, toEvent(user))
      user += 1
      const start = performance.now()
      const answer = webhook.send(request)
      await Promise.all(gone)
      const ms = performance.now() - start
      const { status } = await answer
      if (status !== 204) throw new Error(`the webhook was answered ${status}`)
      for (const stream of opened) stream.destroy()
      return ms
    }

    const rows: BenchRow[] = []
    for (const kind of kinds) {
      const times: number[] = []
      for (let round = -1; round < rounds; round += 1) {
        const ms = await revoke(kind)
        if (round >= 0) times.push(ms)
      }
      const note = `${kind.name}: p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 of ${rounds} rounds`
      rows.push({ ...toValueRow('revocation-p99/ms', times), note, ...toP99(times) })
    }
    webhook.destroy()
    await server.stop()
    return [rows.reduce((a, b) => (b.ratio > a.ratio ? b : a))]
  },
}

function toP99(times: readonly number[]) {
  const p99 = Number(quantile(times, 0.99).toFixed(1))
  return { value: p99, ratio: p99 }
}
