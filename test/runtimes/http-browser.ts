import { readSse, type SseReader } from '../h3/sse-reader.ts'
import { overHttp1, toText, type WireRequest } from '../h3/wire.ts'

/** An answer with its JSON, or with `{}` where it has none. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

export type HttpBrowser = ReturnType<typeof createHttpBrowser>

/** A browser without a page: it keeps the session cookie of one server, and sends what the client would send. */
export function createHttpBrowser(origin: string, basePath = '/auth') {
  const wire = overHttp1(origin)
  const events = `${basePath}/events`
  const streams: SseReader[] = []
  let cookie = ''

  function keep(headers: HttpAnswer['headers']) {
    cookie = [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0] ?? cookie
  }
  const jar = (): Record<string, string> => (cookie ? { cookie } : {})

  /** Sends a request with exactly these headers, and without the cookie. */
  async function sendExactly(request: WireRequest): Promise<HttpAnswer> {
    const { status, headers, body } = await wire.send(request)
    const text = await toText(body)
    return { status, headers, body: /json/.test(headers['content-type'] ?? '') ? JSON.parse(text) : {} }
  }

  async function send(path: string, body?: object): Promise<HttpAnswer> {
    const headers: Record<string, string> = { ...jar(), origin, ...(body && { 'content-type': 'application/json' }) }
    const answer = await sendExactly({
      path,
      headers,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    keep(answer.headers)
    return answer
  }

  return {
    /** The session cookie, as `name=value`; empty before the server has set it. */
    get cookie() {
      return cookie
    },
    set cookie(value) {
      cookie = value
    },
    sendExactly,
    send,
    /** Asks who is signed in. */
    session: () => send(`${basePath}/session`),
    /** Posts a token. */
    token: (token: string, tab = 'tab1') => send(events, { type: 'token.received', token, tab }),
    /** Signs out. */
    clear: () => send(events, { type: 'session.cleared' }),
    /** Opens the event stream of a tab. */
    async open(tab = 'tab1'): Promise<SseReader> {
      const stream = readSse(await wire.send({ path: `${events}?tab=${tab}`, headers: jar() }))
      keep(stream.headers)
      streams.push(stream)
      return stream
    },
    /** Closes all streams. */
    close() {
      for (const stream of streams) stream.close()
    },
  }
}
