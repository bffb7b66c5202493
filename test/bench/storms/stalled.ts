import { setTimeout as sleep } from 'node:timers/promises'
import { openBrowser } from '../browser.ts'
import { sized } from '../effort.ts'
import { openStalled } from '../raw-http.ts'
import { toStreamRequest } from '../requests.ts'
import { startServer } from '../start-server.ts'
import { toNow, watch } from './storm.ts'
import type { Storm } from './storm.ts'

/** The time between two views, ms. */
const pause = 25

/**
 * Readers that read no more, while their session gets one view after the other, until the server has ended all of them.
 * One reader reads, and must get every view.
 */
export const stalled: Storm = {
  row: 'storm/stalled',
  rounds: 1,
  prepare: async (mint) => async () => {
    const server = await startServer('authchart', mint.options)
    const { port } = server
    const reading = await openBrowser(server, mint, 0)
    const count = sized(1_000)
    const sockets = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        openStalled(port, toStreamRequest({ port, tab: `stalled-${n}`, cookie: reading.cookie })),
      ),
    )
    const measured = await watch(server, toNow(), async () => {
      for (let serial = 1; (await server.report()).streams > 1; serial += 1) {
        await reading.post(reading.toPost(await mint.mintWide(0, serial)), mint.toMark(serial))
        await sleep(pause)
      }
    })
    for (const socket of sockets) socket.destroy()
    reading.destroy()
    await server.stop()
    return measured
  },
}
