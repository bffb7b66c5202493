import type { Server } from 'node:http'
import { Duplex } from 'node:stream'

/**
 * Opens a connection to a server of this process without a socket, for more streams than the files that a process may
 * have. Its request is there from the start, and data written to it is dropped.
 *
 * @param isStalled true if it takes the first data and nothing after that, as a reader who reads no more
 * @returns the head of the answer
 */
export function openPipe(server: Server, request: string, isStalled = false): Promise<string> {
  return new Promise((resolve) => {
    let tell: ((head: string) => void) | null = resolve
    const pipe = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        const isFirst = tell !== null
        tell?.(chunk.toString('latin1'))
        tell = null
        if (isFirst || !isStalled) done()
      },
    })
    server.emit('connection', pipe)
    pipe.push(request)
  })
}
