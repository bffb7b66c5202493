import type { ByeReason } from '../../machines/sync/sync-events.ts'
import type { ViewStream } from '../hub/session/view-stream.ts'
import { createDeadlineQueue, type Deadline, type DeadlineQueue } from '../timing/deadline-queue.ts'
import { answerHeaders } from './answer-headers.ts'

/** The destination of frames: a Node response, or the controller of a `ReadableStream`. */
export interface SseSink {
  /** Writes a text and calls `done` when the reader, or the kernel on its behalf, has taken it. */
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
/** The interval in ms at which a stream is checked. */
const lookEvery = 5_000
/** Checks are aligned to this grid in ms, because one timer for many streams costs less than many timers. */
const lookGrid = 50
/** A write that the reader has not taken for this long, in ms, ends the stream at the next check. */
const slowAfter = 10_000
/** The time in ms that a reader has to close its connection after a `bye` frame. */
const leaveWithin = 5_000
const minRetry = 1_000
const maxRetry = 4_000

export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  ...answerHeaders,
  // Some proxies hold a response back until it ends unless this header tells them not to.
  'x-accel-buffering': 'no',
} as const

/** Makes a frame of a view. JSON contains no raw line break, so no claim can end the line. */
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
 * A {@link ViewStream} over server-sent events (HTML, §9.2). It has at most one write in progress and keeps only the
 * latest of the views that wait behind it, so that a slow reader costs one frame. It is a class because a server holds
 * very many streams.
 */
export class SseStream implements ViewStream, Deadline {
  readonly tab: string | undefined
  due: number
  place = -1
  readonly #runtime: Runtime
  readonly #sink: SseSink
  #head: string
  #latest: string | null = null
  /** The start of the write in progress, by `performance.now()`; null if the reader has taken everything. */
  #pendingSince: number | null = null
  #pingDue: number
  #isEnded = false

  constructor(runtime: Runtime, tab: string | undefined, sink: SseSink) {
    this.tab = tab
    this.#runtime = runtime
    this.#sink = sink
    // The retry times are spread, so that the browsers of a server that went away do not all come back at once.
    this.#head = `retry: ${Math.round(minRetry + runtime.random() * (maxRetry - minRetry))}\n\n`
    const now = performance.now()
    this.#pingDue = now + runtime.pingInterval
    this.due = toGrid(now + lookEvery)
    runtime.looks.add(this)
  }

  get isBehind() {
    return this.#latest !== null
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

  /** Marks the stream as ended after its connection has closed. */
  closed() {
    this.#isEnded = true
    this.#latest = null
    this.#runtime.looks.delete(this)
  }

  /** Ends a slow stream, sends a ping that is due, and plans the next check. */
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
  /** Called with the stream when it can be written to. @returns a function to call when the stream has ended */
  readonly attach: (stream: SseStream) => () => void
}
