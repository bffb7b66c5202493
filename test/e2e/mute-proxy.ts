import { request as ask, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

export interface MuteProxy {
  readonly url: string
  /** Lets streams through from now on; those held back stay so. */
  letStreamsThrough(): void
}

/**
 * A proxy that holds every answer back until it is complete, as some virus scanners and company proxies do: an event
 * stream never arrives, everything else does.
 *
 * @param target URL of the server behind it
 */
export async function startMuteProxy(target: () => string): Promise<MuteProxy> {
  let isMute = true
  const handle: RequestListener = (request, response) => {
    const { method, url = '', headers } = request
    const forwarded = ask(new URL(url, target()), { method, headers, agent: false }, (answer) => {
      const pass = isMute ? passWhole : passOn
      pass(answer, response)
    })
    forwarded.on('error', () => response.destroy())
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  }
  const server = await listenOnLoopback(handle, 'localhost', 0)
  onTestFinished(() => server.close())
  return {
    url: `http://localhost:${server.port}`,
    letStreamsThrough() {
      isMute = false
    },
  }
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
  answer.pipe(response)
}

function passWhole(answer: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  answer.on('data', (chunk: Buffer) => chunks.push(chunk))
  answer.on('end', () => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    response.end(Buffer.concat(chunks))
  })
}
