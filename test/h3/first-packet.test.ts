import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { startServer } from './harness.ts'
import { onH3 } from './hosts.ts'

interface Chunk {
  readonly chunk: string | Buffer
}

/** Notes what a socket hands to the system in one go, as separate texts. */
function noteBatches(socket: Socket, batches: string[][]) {
  const { _writev: write } = socket
  socket._writev = function (this: Socket, chunks, done) {
    batches.push((chunks as unknown as Chunk[]).map(({ chunk }) => String(chunk)))
    write?.call(this, chunks, done)
  }
}

it('sends the head as a text of its own, in one packet with the first frame', async () => {
  const batches: string[][] = []
  const server = await startServer({}, undefined, async (app) => {
    const host = await onH3(app)
    host.server.on('connection', (socket) => noteBatches(socket, batches))
    return host
  })
  const stream = await server.open()
  await stream.view()
  const [head = '', ...rest] = batches[0] ?? []
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  // Node keeps this text for as long as the stream lasts. Longer than its head, it is a copy that Node does not keep.
  expect(head).toMatch(/\r\n\r\n$/)
  expect(rest.join('')).toContain('event: view\n')
})
