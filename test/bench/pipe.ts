import { Duplex } from 'node:stream'
import type { Server } from 'node:http'

/**
 * Opens a connection to a server of this process without a socket, for more streams than the files that a process may
 * have. Its request is there from the start, and data written to it is dropped.
 *
 * @returns the head of the answer
 */
export function openPipe(server: Server, request: string): Promise<string> {
  return new Promise((resolve) => {
    let tell: ((head: string) => void) | null = resolve
    const pipe = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        tell?.(chunk.toString('latin1'))
        tell = null
        done()
      },
    })
    server.emit('connection', pipe)
    pipe.push(request)
  })
}
