import { request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { AuthView } from '../../machines/index.ts'

/** One event of a stream. */
export interface SseFrame {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

export interface SseReader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Everything that came, as text. */
  readonly text: () => string
  /** The next event not read yet; null when the stream has ended. */
  next(): Promise<SseFrame | null>
  /** The next view. */
  view(): Promise<AuthView>
  /** The first view from here on that matches. */
  viewWhere(matches: (view: AuthView) => boolean): Promise<AuthView>
  /** Resolves when the server ends the connection. */
  readonly ended: Promise<void>
  readonly response: IncomingMessage
  close(): void
}

/** Opens an event stream over a real connection. */
export function openSse(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent: false }, (response) => resolve(readSse(response)))
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function readSse(response: IncomingMessage): SseReader {
  const frames: SseFrame[] = []
  const waiting: ((frame: SseFrame | null) => void)[] = []
  let text = ''
  let rest = ''
  let isOver = false

  const deliver = (frame: SseFrame) => {
    const reader = waiting.shift()
    if (reader) reader(frame)
    else frames.push(frame)
  }
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    rest += chunk
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const frame = toFrame(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (frame) deliver(frame)
    }
  })
  const ended = new Promise<void>((resolve) => {
    response.once('close', () => {
      isOver = true
      for (const reader of waiting.splice(0)) reader(null)
      resolve()
    })
  })
  // A connection that the server cuts off is what some tests wait for.
  response.on('error', () => {})

  const next = () => {
    const frame = frames.shift()
    if (frame || isOver) return Promise.resolve(frame ?? null)
    return new Promise<SseFrame | null>((resolve) => waiting.push(resolve))
  }
  const viewWhere = async (matches: (view: AuthView) => boolean): Promise<AuthView> => {
    for (;;) {
      const frame = await next()
      if (!frame) throw new Error(`the stream ended:\n${text}`)
      if (frame.event === 'view' && matches(frame.data as AuthView)) return frame.data as AuthView
    }
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    next,
    view: () => viewWhere(() => true),
    viewWhere,
    ended,
    response,
    close: () => response.destroy(),
  }
}

function toFrame(block: string): SseFrame | null {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  const event = fields.get('event')
  return event === undefined
    ? null
    : { event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') as unknown }
}
