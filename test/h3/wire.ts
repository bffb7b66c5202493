import { request as requestHttp1, type IncomingHttpHeaders } from 'node:http'
import { connect, type ClientHttp2Session } from 'node:http2'
import type { Readable } from 'node:stream'

/** A request with exactly these headers. `fetch` would add some of its own. */
export interface WireRequest {
  readonly method?: string
  readonly path: string
  /** `host` is the client's name for the server, `:authority` over HTTP/2. */
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface WireAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

/** Sends requests to one server. */
export interface Wire {
  send(request: WireRequest): Promise<WireAnswer>
  close(): void
}

export function overHttp1(origin: string): Wire {
  return {
    send: ({ method = 'GET', path, headers = {}, body = '' }) =>
      new Promise((resolve, reject) => {
        const outgoing = requestHttp1(`${origin}${path}`, { method, headers: { ...headers }, agent: false }, (answer) =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }),
        )
        outgoing.on('error', reject)
        outgoing.end(body)
      }),
    close() {},
  }
}

/** Sends all requests over one connection, as browsers do. */
export function overHttp2(
  origin: string,
  { ca, authority = new URL(origin).host }: { ca: string; authority?: string },
): Wire {
  let session: ClientHttp2Session | undefined
  function toSession(): ClientHttp2Session {
    if (session && !session.closed && !session.destroyed) return session
    session = connect(origin, { ca, servername: 'localhost' })
    // Each request gets the error too.
    session.on('error', () => {})
    return session
  }
  return {
    send: ({ method = 'GET', path, headers = {}, body = '' }) =>
      new Promise((resolve, reject) => {
        const { host = authority, ...rest } = headers
        const hasBody = body !== ''
        const stream = toSession().request(
          { ...rest, ':method': method, ':path': path, ':authority': host },
          { endStream: !hasBody },
        )
        stream.on('error', reject)
        stream.once('close', () => reject(new Error('The connection was closed before an answer came')))
        stream.once('response', ({ ':status': status = 0, ...answered }) =>
          resolve({ status, headers: Object.fromEntries(Object.entries(answered)), body: stream }),
        )
        if (hasBody) stream.end(body)
      }),
    close: () => session?.destroy(),
  }
}

export async function toText(body: Readable): Promise<string> {
  let text = ''
  body.setEncoding('utf8')
  for await (const chunk of body) text += String(chunk)
  return text
}
