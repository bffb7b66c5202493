import type { IncomingHttpHeaders } from 'node:http'
import type { AuthView } from '../../machines/index.ts'
import { overHttp1, type WireAnswer } from './wire.ts'

/** One event of a stream. */
export interface SseFrame {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

export interface SseReader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Returns all text that was received. */
  readonly text: () => string
  /** Returns the next event that was not read yet, or null when the stream has ended. */
  next(): Promise<SseFrame | null>
  /** Returns the next view. */
  view(): Promise<AuthView>
  /** Returns the next view that matches. */
  viewWhere(matches: (view: AuthView) => boolean): Promise<AuthView>
  /** Resolves when the server ends the connection. */
  readonly ended: Promise<void>
  close(): void
}

/** Opens an event stream over a real connection. */
export async function openSse(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
  const { origin, pathname, search } = new URL(url)
  return readSse(await overHttp1(origin).send({ path: pathname + search, headers }))
}

export function readSse({ status, headers, body }: WireAnswer): SseReader {
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
  body.setEncoding('utf8')
  body.on('data', (chunk: string) => {
    text += chunk
    rest += chunk
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n')) {
      const frame = toFrame(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (frame) deliver(frame)
    }
  })
  const ended = new Promise<void>((resolve) => {
    body.once('close', () => {
      isOver = true
      for (const reader of waiting.splice(0)) reader(null)
      resolve()
    })
  })
  // Some tests wait for the server to cut a connection off.
  body.on('error', () => {})

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
    status,
    headers,
    text: () => text,
    next,
    view: () => viewWhere(() => true),
    viewWhere,
    ended,
    close: () => body.destroy(),
  }
}

function toFrame(block: string): SseFrame | null {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  const event = fields.get('event')
  return event === undefined
    ? null
    : { event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') as unknown }
}
