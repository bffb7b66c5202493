import { setTimeout as sleep } from 'node:timers/promises'
import { openBrowser } from '../browser.ts'
import { sized } from '../effort.ts'
import { toStreamRequest } from '../requests.ts'
import { startServer } from '../start-server.ts'
import { toNow, watch, type Storm } from './storm.ts'

/** The time between two views, ms. */
const pause = 25

/**
 * Readers that read no more, while their session gets one view after the other, until the server has ended all of them.
 * One reader reads, and must get every view. The others have no sockets, because the kernel takes megabytes for each
 * reader on the same machine before the server sees that it stalls.
 */
export const stalled: Storm = {
  row: 'storm/stalled',
  rounds: 1,
  prepare: async (mint) => async () => {
    const server = await startServer('authchart', mint.options)
    const { port } = server
    const reading = await openBrowser(server, mint, 0)
    const count = sized(1_000)
    await server.openPipes(
      Array.from({ length: count }, (_, n) => toStreamRequest({ port, tab: `stalled-${n}`, cookie: reading.cookie })),
      true,
    )
    const measured = await watch(server, toNow(), async () => {
      for (let serial = 1; (await server.report()).streams > 1; serial += 1) {
        await reading.post(reading.toPost(await mint.mint(0, serial)), mint.toMark(serial))
        await sleep(pause)
      }
    })
    reading.destroy()
    await server.stop()
    return measured
  },
}
