/**
 * Measures the time from the end of a check to the handler that waits for it. The handler is told, or looks every 50
 * ms as the original does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { toRatioRow } from '../bench-row.ts'
import type { Bench } from '../bench.ts'
import { connect, openStream } from '../raw-http.ts'
import { toGetRequest, toStreamRequest, toTokenRequest } from '../requests.ts'
import { measureRounds } from '../rounds.ts'
import { startServer } from '../start-server.ts'
import { median } from '../statistics.ts'

const rounds = 7
const warmUps = 1
/** The number of waits in each round. */
const waits = 30
const pollEvery = 50
const names = ['wait', 'poll'] as const

export const authWait: Bench = {
  rows: ['auth-wait/polling'],
  async run({ mint }) {
    const server = await startServer('authchart', { ...mint.options, timesChecks: true })
    const { port } = server
    let user = 0

    /**
     * Waits for one verdict.
     *
     * @returns the ms that the handler waited without need
     */
    async function wait(path: string, pause: number): Promise<number> {
      const tab = `tab-${user}`
      const token = await mint.mint(user, 0)
      user += 1
      const stream = await openStream(port, toStreamRequest({ port, tab }))
      const cookie = stream.cookie ?? ''
      const [waiting, posting] = await Promise.all([connect(port), connect(port)])
      const answer = waiting.send(toGetRequest(port, path, cookie))
      await sleep(pause)
      const { status } = await posting.send(toTokenRequest('authchart', { port, tab, cookie, token }))
      const { body } = await answer
      for (const each of [stream, waiting, posting]) each.destroy()
      const { ms } = JSON.parse(body) as { ms: number | null }
      if (status !== 200 || ms === null) throw new Error(`${path} came to ${status} and ${body}`)
      return ms
    }

    const samples = await measureRounds(names, { rounds, warmUps }, async (name) => {
      const times: number[] = []
      // The checks end at evenly spread moments between two looks.
      for (let n = 0; n < waits; n += 1) times.push(await wait(`/${name}`, ((n + 0.5) / waits) * pollEvery + pollEvery))
      return median(times)
    })
    await server.stop()
    return [toRatioRow('auth-wait/polling', samples.wait, samples.poll)]
  },
}
