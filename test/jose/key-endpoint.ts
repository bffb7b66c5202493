import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

export const json =
  (body: unknown): Answer =>
  (response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))

/** Starts a real key endpoint on loopback. The test can replace its answer. */
export async function createKeyEndpoint(answer: Answer) {
  let requests = 0
  let aborted = 0
  const server = createServer((request, response) => {
    requests++
    response.on('close', () => {
      if (!response.writableFinished) aborted++
    })
    endpoint.answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = {
    answer,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get requests() {
      return requests
    },
    /** The number of answers that the other side aborted. */
    get aborted() {
      return aborted
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return endpoint
}

/** Lets real I/O happen while timers do not move, until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000_000; turn++) {
    if (holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('it never came to hold')
}
