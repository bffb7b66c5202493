import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

/** What stands between a browser and its server. */
export type Hostility =
  /** Lets everything through. */
  | 'none'
  /** A captive portal: every answer is a page, with status 200. */
  | 'portal'
  /** Every answer is held back until it is complete, as by some virus scanners: an event stream never arrives. */
  | 'buffering'
  /** The server behind it cannot be reached: 502. */
  | 'badGateway'
  /** Every connection stays open, and nothing comes through it any more, not even later. */
  | 'blackhole'
  /** A connection that carries nothing for so many seconds is cut. */
  | { readonly idleCut: number }
  /** Everything takes so many seconds each way. */
  | { readonly latency: number }

export interface HostileProxy {
  readonly url: string
  /** What is asked is answered as fast as the machine can, be it with an error. */
  readonly isPrompt: boolean
  /** Each answer is held back until it is complete: a stream has no headers, even. */
  readonly isBuffering: boolean
  /** Holds for what is asked from now on. The answers that run feel a blackhole; where the server is gone they end. */
  become(hostility: Hostility): void
  /** Answers this path by itself, with a script. */
  serve(path: string, script: string): void
}

const html = { 'content-type': 'text/html' }

/**
 * A proxy that can be told to be what networks are at their worst. Its seconds are those of the test's clock.
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
        // A portal that takes a network over cuts what runs, and a gateway loses it with its server.
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
