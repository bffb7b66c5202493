import { createDeadlineQueue } from '../timing/deadline-queue.ts'
import type { Deadline, DeadlineQueue } from '../timing/deadline-queue.ts'
import type { ByeReason, ViewStream } from '../hub/session/view-stream.ts'
import { answerHeaders } from './answer-headers.ts'

/** Where frames go: a Node response, or the controller of a `ReadableStream`. */
export interface SseSink {
  /** `done` when the reader, or the kernel on its behalf, has taken the text. */
  write(text: string, done: () => void): void
  /** Writes a last text and ends. */
  end(text: string): void
  destroy(): void
}

/** Starts event streams on sinks. They share one timer. */
export type StartSseStream = (tab: string | undefined, sink: SseSink) => SseStream

export interface SseStreamsOptions {
  /** Epoch ms. */
  readonly clock: () => number
  readonly random: () => number
}

const usualPingInterval = 15_000
/** Bun ends a connection that is silent for 10 s (`idleTimeout` of `Bun.serve`). */
const bunPingInterval = 5_000
/** How often a stream is looked at, ms. */
const lookEvery = 5_000
/** Looks of very many streams fall on the same moments, ms apart: waking up costs more than looking. */
const lookGrid = 50
/** A write that nobody takes for so long ends the stream at the next look, ms. */
const slowAfter = 10_000
/** What a reader that was said goodbye may take to leave, ms. */
const leaveWithin = 5_000
const minRetry = 1_000
const maxRetry = 4_000

export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  ...answerHeaders,
  // Some proxies hold a response back until it ends unless this header tells them not to.
  'x-accel-buffering': 'no',
} as const

/** A view as a frame. JSON knows no raw line break, so whatever is in the claims stays in its line. */
export const toViewFrame = (json: string, rev: number): string => `event: view\nid: ${rev}\ndata: ${json}\n\n`

const toFrame = (event: 'ping' | 'bye', data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

const toGrid = (moment: number) => Math.ceil(moment / lookGrid) * lookGrid

interface Runtime extends SseStreamsOptions {
  /** Ms. */
  readonly pingInterval: number
  readonly looks: DeadlineQueue<SseStream>
}

export function createSseStreams(options: SseStreamsOptions): StartSseStream {
  const pingInterval = 'Bun' in globalThis ? bunPingInterval : usualPingInterval
  const looks = createDeadlineQueue<SseStream>((stream) => stream.look())
  const runtime: Runtime = { ...options, pingInterval, looks }
  return (tab, sink) => new SseStream(runtime, tab, sink)
}

/**
 * A {@link ViewStream} over server-sent events (HTML, §9.2). At most one write is in the air, and of the views that wait
 * behind it only the latest: a slow reader costs one frame. A class, since a server holds very many.
 */
export class SseStream implements ViewStream, Deadline {
  readonly tab: string | undefined
  due: number
  place = -1
  readonly #runtime: Runtime
  readonly #sink: SseSink
  #head: string
  #latest: string | null = null
  /** When the write in the air began, by `performance.now()`; null while the reader has taken everything. */
  #pendingSince: number | null = null
  #pingDue: number
  #isEnded = false

  constructor(runtime: Runtime, tab: string | undefined, sink: SseSink) {
    this.tab = tab
    this.#runtime = runtime
    this.#sink = sink
    // Spread, so that the browsers of a server that went away do not all come back at once.
    this.#head = `retry: ${Math.round(minRetry + runtime.random() * (maxRetry - minRetry))}\n\n`
    const now = performance.now()
    this.#pingDue = now + runtime.pingInterval
    this.due = toGrid(now + lookEvery)
    runtime.looks.add(this)
  }

  send(frame: string) {
    if (this.#isEnded) return
    if (this.#pendingSince === null) this.#write(frame)
    else this.#latest = frame
  }

  end(reason: ByeReason, frame = '') {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#latest = null
    this.#sink.end(this.#head + frame + toFrame('bye', { reason }))
    this.#lookIn(reason === 'slow' ? 0 : leaveWithin)
  }

  destroy() {
    this.closed()
    this.#sink.destroy()
  }

  /** The connection is gone. */
  closed() {
    this.#isEnded = true
    this.#latest = null
    this.#runtime.looks.delete(this)
  }

  /** What time has brought. */
  look() {
    if (this.#isEnded) return this.#sink.destroy()
    const now = performance.now()
    if (this.#pendingSince !== null && now - this.#pendingSince >= slowAfter) return this.end('slow')
    if (now >= this.#pingDue) {
      this.#pingDue = now + this.#runtime.pingInterval
      if (this.#pendingSince === null) this.#write(toFrame('ping', { now: this.#runtime.clock() }))
    }
    this.#lookIn(lookEvery)
  }

  #lookIn(ms: number) {
    this.#runtime.looks.delete(this)
    this.due = toGrid(performance.now() + ms)
    this.#runtime.looks.add(this)
  }

  #write(frame: string) {
    this.#pendingSince = performance.now()
    const text = this.#head + frame
    this.#head = ''
    this.#sink.write(text, () => {
      this.#pendingSince = null
      if (this.#latest === null) return
      const latest = this.#latest
      this.#latest = null
      this.#write(latest)
    })
  }
}

export interface OpenStreamOptions {
  readonly tab: string | undefined
  readonly startStream: StartSseStream
  /** Called with the stream once it can be written to. @returns what to do when it is over */
  readonly attach: (stream: SseStream) => () => void
}
