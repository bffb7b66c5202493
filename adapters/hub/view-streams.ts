import type { AuthView } from '../../machines/auth-view.ts'
import type { ByeReason, ViewStream } from './view-stream.ts'

/** The streams of one session. */
export interface ViewStreams {
  /** Sends the view of the moment, and every later one. */
  add(stream: ViewStream): void
  delete(stream: ViewStream): void
  /** Has a changed view sent at the end of this tick: what changes again until then is sent once. */
  push(): void
  /** Sends what is due now. */
  flush(): void
  /** Ends the streams that match, without sending them what is due. */
  end(reason: ByeReason, matches?: (stream: ViewStream) => boolean): void
  readonly size: number
  [Symbol.iterator](): Iterator<ViewStream>
}

interface ViewStreamsOptions {
  readonly view: () => AuthView
  /** Called once for all streams of a session. */
  readonly encode: (view: AuthView) => string
}

export function createViewStreams({ view, encode }: ViewStreamsOptions): ViewStreams {
  const streams = new Set<ViewStream>()
  let sentRev = 0
  let isScheduled = false

  function flush() {
    isScheduled = false
    if (streams.size === 0) return
    const current = view()
    if (current.rev === sentRev) return
    sentRev = current.rev
    const frame = encode(current)
    for (const stream of streams) stream.send(frame)
  }

  return {
    add(stream) {
      flush()
      const current = view()
      sentRev = current.rev
      streams.add(stream)
      stream.send(encode(current))
    },
    delete: (stream) => void streams.delete(stream),
    push() {
      if (isScheduled || streams.size === 0) return
      isScheduled = true
      setImmediate(flush)
    },
    flush,
    end(reason, matches = () => true) {
      for (const stream of streams) if (matches(stream)) stream.end(reason)
    },
    get size() {
      return streams.size
    },
    [Symbol.iterator]: () => streams.values(),
  }
}
