import {
  request as ask,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from '../kit/clerk-emulator/loopback-server.ts'

/** What a badly set-up proxy does to the headers of requests and answers. */
export interface Alterations {
  readonly request?: (headers: OutgoingHttpHeaders) => void
  readonly answer?: (headers: IncomingHttpHeaders) => void
  /** Answers in place of the server where it returns a status. */
  readonly refuse?: (headers: IncomingHttpHeaders) => number | null
  /** Lets only the first piece of an event stream through. */
  readonly stalls?: boolean
}

/** Starts a proxy in front of servers, which take turns request by request. */
export async function startAlteringProxy(targets: readonly string[], alterations: Alterations = {}): Promise<string> {
  let turn = 0

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const headers: OutgoingHttpHeaders = { ...request.headers }
    alterations.request?.(headers)
    const target = new URL(request.url ?? '', targets[turn++ % targets.length])
    const forwarded = ask(target, { method: request.method, headers, agent: false }, (answer) => {
      alterations.answer?.(answer.headers)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (alterations.stalls === true && isStream(answer)) {
        answer.once('data', (piece) => response.write(piece))
        answer.on('data', () => {})
      } else answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const status = alterations.refuse?.(request.headers) ?? null
    if (status === null) forward(request, response)
    else response.writeHead(status, { 'content-type': 'text/html' }).end('<p>No')
  }

  const server = await listenOnLoopback(handle, 'localhost', 0)
  onTestFinished(() => server.close())
  return `http://localhost:${server.port}`
}

const isStream = ({ headers }: IncomingMessage) => headers['content-type']?.startsWith('text/event-stream') === true
