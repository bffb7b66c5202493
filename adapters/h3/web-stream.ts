import type { OpenStreamOptions } from './sse-stream.ts'

/** Calls `leave` when the client has gone, or at once if it has already gone. */
export type WhenGone = (leave: () => void) => void

/**
 * Makes a `ReadableStream` of an event stream. It starts on the first read, so that an answer that a host drops leaves
 * nothing behind.
 */
export function toWebStream(
  { tab, startStream, attach }: OpenStreamOptions,
  whenGone: WhenGone,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let taken: (() => void) | undefined
  let close: (() => void) | undefined

  function open(controller: ReadableStreamDefaultController<Uint8Array>): () => void {
    let isOpen = true
    let detach = () => {}
    const stream = startStream(tab, {
      write(text, done) {
        taken = done
        controller.enqueue(encoder.encode(text))
      },
      end(text) {
        if (!isOpen) return
        controller.enqueue(encoder.encode(text))
        controller.close()
        leave()
      },
      destroy,
    })
    function leave() {
      if (!isOpen) return
      isOpen = false
      stream.closed()
      detach()
    }
    const fail = () => controller.error(new DOMException('The stream was ended', 'AbortError'))
    function destroy() {
      if (isOpen) fail()
      leave()
    }
    detach = attach(stream)
    whenGone(() => {
      if (!isOpen) return
      leave()
      // A host that cancels the body when the client has gone does so by now. The error then has no effect, where Hono
      // would log it.
      queueMicrotask(fail)
    })
    return leave
  }

  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!close) {
          close = open(controller)
          return
        }
        // The reader asks for more, so it has taken the previous text: with a high-water mark of 0 nothing else calls
        // this.
        const done = taken
        taken = undefined
        done?.()
      },
      cancel: () => close?.(),
    },
    { highWaterMark: 0 },
  )
}
