import { connect as connectSocket } from 'node:net'
import { connect, openStream } from '../bench/raw-http.ts'
import { toStreamRequest, toTokenRequest } from '../bench/requests.ts'
import { createSigner } from '../h3/session-tokens.ts'
import { startServer, type ServerReport } from './start-server.ts'

/** The numbers of streams of one session: streams with a reader, and streams without. */
export interface StalledAudienceOptions {
  readonly reading: number
  readonly stalled: number
}

/** Claims that a browser may see, which make a frame of 5 KB. */
const bulk = 'x'.repeat(4_500)
const patience = 120_000

/** Starts a server with one session, and opens its streams. */
export async function openStalledAudience({ reading, stalled }: StalledAudienceOptions) {
  const signer = createSigner()
  const server = await startServer({ jwks: signer.jwks })
  const { port } = server
  let serial = 0
  let goodbyes = 0
  const mint = () => {
    serial += 1
    return signer.mint({ iss: 'https://clerk.example.test', act: { sub: `${serial}`, bulk } })
  }
  const hear = (text: string) => void (goodbyes += text.includes('{"reason":"closing"}') ? 1 : 0)

  const first = await openStream(port, toStreamRequest({ port, tab: 'first', token: mint() }), hear)
  const cookie = first.cookie ?? ''
  for (let n = 1; n < reading; n += 1) await openStream(port, toStreamRequest({ port, tab: `tab-${n}`, cookie }), hear)
  const poster = await connect(port)
  const before = await server.report()
  await Promise.all(
    Array.from({ length: stalled }, (_, n) => stall(port, toStreamRequest({ port, tab: `stalled-${n}`, cookie }))),
  )

  /**
   * Sends every stream a new view, and waits until one of the readers has it.
   *
   * @returns the time that it took, ms
   */
  async function renew(): Promise<number> {
    const start = performance.now()
    const token = mint()
    const seen = first.seen(`"sub":"${serial}"`)
    const { status, body } = await poster.send(toTokenRequest('authchart', { port, tab: 'first', cookie, token }))
    if (status !== 200) throw new Error(`a renewal was answered ${status}: ${body}`)
    await seen
    return performance.now() - start
  }

  return {
    server,
    /** The server's memory before any reader stalled. */
    before,
    renew,
    /**
     * Renews until the kernel takes no more data for any reader that does not read.
     *
     * @returns the most that the server held
     */
    async fill(): Promise<{ readonly stalled: number; readonly rss: number; readonly heapUsed: number }> {
      const start = performance.now()
      const most = { stalled: 0, rss: 0, heapUsed: 0 }
      while (most.stalled < stalled && performance.now() - start < patience) {
        for (let n = 0; n < 10; n += 1) await renew()
        const report: ServerReport = await server.report()
        most.stalled = Math.max(most.stalled, report.stalled)
        most.rss = Math.max(most.rss, report.rss)
        most.heapUsed = Math.max(most.heapUsed, report.heapUsed)
      }
      return most
    },
    /** The number of streams that got the goodbye. */
    get goodbyes() {
      return goodbyes
    },
    /** Closes every connection that is not a stream. */
    rest: () => poster.destroy(),
  }
}

/** Opens a stream, takes the head of the answer, and never reads again. */
async function stall(port: number, request: string): Promise<void> {
  const socket = connectSocket({ port, host: '127.0.0.1' })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => {})
  socket.write(request, 'latin1')
  await new Promise((resolve) => socket.once('readable', resolve))
  socket.pause()
}
