import type { IncomingMessage, ServerResponse } from 'node:http'
import type { H3Event } from 'h3'
import { sseHeaders } from './sse-stream.ts'
import type { SseSink, SseStream, StartSseStream } from './sse-stream.ts'

export interface OpenStreamOptions {
  readonly tab: string | undefined
  readonly startStream: StartSseStream
  /** Called with the stream once it can be written to. → what to do when it is over */
  readonly attach: (stream: SseStream) => () => void
}

/** Answers with an event stream: straight to Node's response where there is one, else as a `ReadableStream`. */
export function openStream(event: H3Event, options: OpenStreamOptions): unknown {
  const { res } = event
  res.status = 200
  res.statusText = 'OK'
  for (const [name, value] of Object.entries(sseHeaders)) res.headers.set(name, value)
  return event.runtime?.node?.res ? openNodeStream(options) : openWebStream(event, options)
}

/**
 * Half the memory and a quarter of the CPU of a `ReadableStream`, and the headers leave with the first frame. As a body
 * that pipes itself it is sent by whatever sends h3's answers, and the request may be forgotten while the stream is open.
 */
function openNodeStream({ tab, startStream, attach }: OpenStreamOptions) {
  return {
    pipe(response: ServerResponse) {
      forgetCredentials(response.req)
      const stream = startStream(tab, new NodeSink(response))
      closeWith(response, stream, attach(stream))
    },
  }
}

const credentials = ['authorization', 'cookie'] as const

/** Node keeps a request for as long as its answer takes, and this one takes for as long as somebody reads. */
function forgetCredentials({ headers, rawHeaders }: IncomingMessage) {
  for (const name of credentials) headers[name] = undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (credentials.some((name) => name === rawHeaders[index]?.toLowerCase())) rawHeaders[index + 1] = ''
  }
}

/** Apart, so that what waits for the end holds on to nothing else. */
function closeWith(response: ServerResponse, stream: SseStream, detach: () => void) {
  response.on('close', () => {
    stream.closed()
    detach()
  })
}

class NodeSink implements SseSink {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  write(text: string, done: () => void) {
    this.#response.write(text, (error) => error ?? done())
  }

  end(text: string) {
    this.#response.end(text)
  }

  destroy() {
    this.#response.destroy()
  }
}

function openWebStream(event: H3Event, { tab, startStream, attach }: OpenStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let taken: (() => void) | null = null
  let close = () => {}
  let detach = () => {}

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true
        const stream = startStream(tab, {
          write(text, done) {
            taken = done
            controller.enqueue(encoder.encode(text))
          },
          end(text) {
            if (!isOpen) return
            controller.enqueue(encoder.encode(text))
            controller.close()
            close()
          },
          destroy() {
            if (isOpen) controller.error(new DOMException('The stream was ended', 'AbortError'))
            close()
          },
        })
        close = () => {
          if (!isOpen) return
          isOpen = false
          stream.closed()
          detach()
        }
        detach = attach(stream)
        event.req.signal?.addEventListener('abort', () => close(), { once: true })
      },
      pull() {
        const done = taken
        taken = null
        done?.()
      },
      cancel: () => close(),
    },
    { highWaterMark: 1 },
  )
}
