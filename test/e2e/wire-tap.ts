import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** One request and its answer, as they crossed the wire; `answer` grows while a stream is open. */
export interface Exchange {
  readonly method: string
  /** When the server received the request, epoch ms of its own clock. */
  readonly at: number
  /** The path with its query. */
  readonly path: string
  readonly request: string
  /** The part of the body that the browser was given. */
  readonly answer: string
  /** The part of the body that the server has written and that `hold` keeps from the browser. */
  readonly withheld: string
  readonly status: number
  readonly isOpen: boolean
}

export interface WireTap {
  /** Everything so far, oldest first. */
  readonly exchanges: readonly Exchange[]
  /**
   * Delays the bodies of matching answers, for requests that are open and for later ones.
   *
   * @returns a function that releases them
   */
  hold(matches: (exchange: Exchange) => boolean): () => void
  /** Makes matching requests reach the server this many ms late, as those of a browser far away. */
  delay(matches: (exchange: Exchange) => boolean, milliseconds: number): void
  wrap(listener: RequestListener): RequestListener
}

/** Listens to a Node server from outside, so that it does not depend on what the server says about itself. */
export function createWireTap(): WireTap {
  const exchanges: Exchange[] = []
  const holds = new Set<(exchange: Exchange) => boolean>()
  const delays: { matches: (exchange: Exchange) => boolean; milliseconds: number }[] = []
  const waiting = new Map<Mutable<Exchange>, (() => void)[]>()

  const isHeld = (exchange: Exchange) => [...holds].some((matches) => matches(exchange))
  const letGo = () => {
    for (const [exchange, writes] of waiting) {
      if (isHeld(exchange)) continue
      waiting.delete(exchange)
      exchange.withheld = ''
      for (const write of writes) write()
    }
  }

  return {
    exchanges,
    hold(matches) {
      holds.add(matches)
      return () => {
        holds.delete(matches)
        letGo()
      }
    },
    delay(matches, milliseconds) {
      delays.push({ matches, milliseconds })
    },
    wrap: (listener) => (request, response) => {
      const { method = '', url: path = '' } = request
      const at = Date.now()
      const exchange = { method, at, path, request: '', answer: '', withheld: '', status: 0, isOpen: true }
      exchanges.push(exchange)
      tapRequest(request, (text) => (exchange.request += text))
      tapResponse(response, (text, write) => {
        const pass = () => {
          exchange.status = response.statusCode
          exchange.answer += text
          write()
        }
        if (!isHeld(exchange)) return pass()
        exchange.withheld += text
        waiting.set(exchange, [...(waiting.get(exchange) ?? []), pass])
      })
      response.once('close', () => {
        exchange.status = response.statusCode
        exchange.isOpen = false
      })
      const delay = delays.find(({ matches }) => matches(exchange))
      if (delay) setTimeout(listener, delay.milliseconds, request, response)
      else listener(request, response)
    },
  }
}

function tapRequest(request: IncomingMessage, take: (text: string) => void) {
  const push = request.push.bind(request)
  request.push = (chunk: unknown, encoding) => {
    if (chunk) take(toText(chunk))
    return push(chunk, encoding)
  }
}

/** Tells the writer at once that its data was taken. The server cannot know that the data is held back. */
function tapResponse(response: ServerResponse, pass: (text: string, write: () => void) => void) {
  for (const method of ['write', 'end'] as const) {
    const write = response[method].bind(response) as (...parameters: unknown[]) => unknown
    const tapped = (...parameters: unknown[]) => {
      const [chunk] = parameters
      const taken = parameters.find((parameter) => typeof parameter === 'function') as (() => void) | undefined
      pass(toText(chunk), () => void write(...parameters.filter((parameter) => parameter !== taken)))
      if (taken) queueMicrotask(taken)
      return method === 'end' ? response : !response.writableNeedDrain
    }
    response[method] = tapped as never
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

const toText = (chunk: unknown): string =>
  typeof chunk === 'string' ? chunk : chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : ''
