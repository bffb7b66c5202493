import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

/** The ways in which a proxy treats the traffic between a browser and its server. */
export type Hostility =
  /** Lets everything through. */
  | 'none'
  /** A captive portal: it answers every request with a page and status 200. */
  | 'portal'
  /** Holds every answer back until it is complete, as some virus scanners do: an event stream never arrives. */
  | 'buffering'
  /** The server behind it cannot be reached: it answers 502. */
  | 'badGateway'
  /** Keeps every connection open and lets nothing through any more, not even later. */
  | 'blackhole'
  /** Cuts a connection that carries nothing for this many seconds. */
  | { readonly idleCut: number }
  /** Delays everything by this many seconds each way. */
  | { readonly latency: number }

export interface HostileProxy {
  readonly url: string
  /** True while the proxy answers as fast as the machine can, even if with an error. */
  readonly isPrompt: boolean
  /** True while each answer is held back until it is complete, so a stream does not even send headers. */
  readonly isBuffering: boolean
  /**
   * Changes the hostility of requests that arrive from now on. Answers that are under way also feel a blackhole, and
   * they end where the server cannot be reached.
   */
  become(hostility: Hostility): void
  /** Answers requests for this path itself, with a script. */
  serve(path: string, script: string): void
}

const html = { 'content-type': 'text/html' }

/**
 * Starts a proxy that imitates networks at their worst. It counts seconds on the test's clock.
 *
 * @param target URL of the server behind it
 */
export async function startHostileProxy(target: () => string): Promise<HostileProxy> {
  let hostility: Hostility = 'none'
  const running = new Map<ServerResponse, IncomingMessage>()
  const scripts = new Map<string, string>()

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '', headers } = request
    const kind = hostility
    const forwarded = ask(new URL(url, target()), { method, headers, agent: false }, (answer) => {
      running.set(response, answer)
      answer.once('error', () => running.has(response) && response.destroy())
      if (kind === 'buffering') passWhole(answer, response)
      else if (typeof kind === 'object' && 'latency' in kind) passLate(answer, response, kind.latency)
      else passOn(answer, response)
      if (typeof kind === 'object' && 'idleCut' in kind) cutIdle(answer, response, kind.idleCut)
    })
    forwarded.on('error', () => response.destroy())
    response.once('close', () => {
      running.delete(response)
      forwarded.destroy()
    })
    if (typeof kind === 'object' && 'latency' in kind) setTimeout(() => request.pipe(forwarded), kind.latency * 1_000)
    else request.pipe(forwarded)
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const script = scripts.get(request.url ?? '')
    if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    else if (hostility === 'portal') response.writeHead(200, html).end('<p>Log in')
    else if (hostility === 'badGateway') response.writeHead(502, html).end('<p>Bad gateway')
    else if (hostility === 'blackhole') request.resume()
    else forward(request, response)
  }

  const server = await listenOnLoopback(handle, 'localhost', 0)
  onTestFinished(() => server.close())

  return {
    url: `http://localhost:${server.port}`,
    get isPrompt() {
      return hostility !== 'blackhole' && !(typeof hostility === 'object' && 'latency' in hostility)
    },
    get isBuffering() {
      return hostility === 'buffering'
    },
    become(next) {
      hostility = next
      for (const [response, answer] of running) {
        if (next === 'blackhole') answer.unpipe(response).resume()
        // A portal that takes a network over cuts the open connections, and a gateway loses them with its server.
        if (next === 'portal' || next === 'badGateway') response.destroy()
      }
      if (next === 'blackhole') running.clear()
    },
    serve: (path, script) => void scripts.set(path, script),
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

function passLate(answer: IncomingMessage, response: ServerResponse, latency: number): void {
  const later = (run: () => void) => void setTimeout(run, latency * 1_000)
  later(() => response.writeHead(answer.statusCode ?? 502, answer.rawHeaders).flushHeaders())
  answer.on('data', (chunk: Buffer) => later(() => response.write(chunk)))
  answer.on('end', () => later(() => response.end()))
}

function cutIdle(answer: IncomingMessage, response: ServerResponse, seconds: number): void {
  const start = () => setTimeout(() => response.destroy(), seconds * 1_000)
  let timer = start()
  answer.on('data', () => {
    clearTimeout(timer)
    timer = start()
  })
  response.once('close', () => clearTimeout(timer))
}
