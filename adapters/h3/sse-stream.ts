import type { AuthView } from '../../machines/auth-view.ts'
import { setUnrefTimeout } from '../unref-clock.ts'
import type { ByeReason, ViewStream } from '../hub/view-stream.ts'

/** Where frames go: a Node response, or the controller of a `ReadableStream`. */
export interface SseSink {
  /** `done` when the reader, or the kernel on its behalf, has taken the text. */
  write(text: string, done: () => void): void
  /** Writes a last text and ends. */
  end(text: string): void
  destroy(): void
}

/** A {@link ViewStream} over server-sent events (HTML, §9.2). */
export interface SseStream extends ViewStream {
  /** The connection is gone. */
  closed(): void
}

export interface SseStreamOptions {
  readonly tab: string | undefined
  readonly sink: SseSink
  /** Epoch ms. */
  readonly clock: () => number
  readonly random: () => number
}

const pingEvery = 15_000
/** A write that nobody takes for so long ends the stream, ms. */
const slowAfter = 10_000
/** What a reader that was said goodbye may take to leave, ms. */
const leaveWithin = 5_000
const minRetry = 1_000
const maxRetry = 4_000

export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Some proxies hold a response back until it ends, unless told.
  'x-accel-buffering': 'no',
} as const

/** One view as a frame. JSON knows no raw line break, so whatever is in the claims stays in its line. */
export const toViewFrame = (view: AuthView): string => toFrame('view', view, view.rev)

function toFrame(event: 'view' | 'ping' | 'bye', data: object, id?: number): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

/** At most one write is in the air, and of the views that wait behind it only the latest: a slow reader costs one frame. */
export function createSseStream({ tab, sink, clock, random }: SseStreamOptions): SseStream {
  // Spread, so that the browsers of a server that went away do not all come back at once.
  let head = `retry: ${Math.round(minRetry + random() * (maxRetry - minRetry))}\n\n`
  let latest: string | null = null
  let writes = 0
  let taken = 0
  let isEnded = false
  let watch: ReturnType<typeof setTimeout> | null = null
  let leave: ReturnType<typeof setTimeout> | null = null
  const ping = setInterval(() => {
    if (taken === writes) write(toFrame('ping', { now: clock() }))
  }, pingEvery)
  if (typeof ping === 'object') ping.unref()

  function write(text: string) {
    writes += 1
    sink.write(text, () => {
      taken += 1
      if (latest === null || isEnded || taken < writes) return
      const frame = latest
      latest = null
      write(frame)
    })
    watchOver()
  }

  /** One timer for many writes: it is looked at again only if the write it was set for is still pending. */
  function watchOver() {
    if (watch) return
    const watched = writes
    watch = setUnrefTimeout(() => {
      watch = null
      if (isEnded || taken === writes) return
      if (taken < watched) end('slow')
      else watchOver()
    }, slowAfter)
  }

  function end(reason: ByeReason) {
    if (isEnded) return
    release()
    sink.end(toFrame('bye', { reason }))
    leave = setUnrefTimeout(() => sink.destroy(), reason === 'slow' ? 0 : leaveWithin)
  }

  function release() {
    isEnded = true
    latest = null
    clearInterval(ping)
    if (watch) clearTimeout(watch)
    if (leave) clearTimeout(leave)
  }

  return {
    tab,
    send(frame) {
      if (isEnded) return
      if (taken < writes) latest = frame
      else {
        write(head + frame)
        head = ''
      }
    },
    end,
    destroy() {
      release()
      sink.destroy()
    },
    closed: release,
  }
}
