/** A process that holds open streams, as many as one process may have files. */
import { inBatches } from './in-batches.ts'
import { openStream, type Stream } from './raw-http.ts'
import type { ReaderCommand } from './start-reader.ts'

const streams: Stream[] = []
let seen = 0
let awaited: { mark: string; count: number } | null = null

function look(text: string) {
  if (!awaited || !text.includes(awaited.mark)) return
  seen += 1
  if (seen < awaited.count) return
  awaited = null
  process.send?.({})
}

async function open(port: number, requests: readonly string[], atOnce = 64) {
  const opened = await inBatches(requests, atOnce, (request) => openStream(port, request, look))
  streams.push(...opened)
  process.send?.(opened.map(({ cookie }) => cookie ?? null))
}

process.on('message', (command: ReaderCommand) => {
  if (command.type === 'await') {
    awaited = command
    seen = 0
    process.send?.({})
  } else if (command.type === 'close') {
    for (const stream of streams.splice(0)) stream.destroy()
    process.send?.({})
  } else {
    void open(command.port, command.requests, command.atOnce)
  }
})
process.on('disconnect', () => process.exit(0))
