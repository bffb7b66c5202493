import type { Writable } from 'node:stream'
import { forgetCredentials } from './forget-credentials.ts'
import { isClosed, type NodeContext } from './node-context.ts'
import { isPatched, PatchedSink } from './patched-response.ts'
import type { OpenStreamOptions, SseSink } from './sse-stream.ts'
import { toWebStream, type WhenGone } from './web-stream.ts'

/**
 * The body of an event stream on Node. The code that sends the answer decides how the body is read:
 *
 * - h3 pipes an untouched body to Node's response. The frames are then written directly to the response, with half the
 *   memory and a quarter of the CPU of a `ReadableStream`.
 * - If a host wraps, clones or re-creates the answer, h3 pipes the body to a stream in between, or Node's `new
 *   Response(…)` reads it as an async iterable.
 * - A middleware that takes it for a `Response` finds a `ReadableStream` in `body`.
 */
export class NodeStreamBody {
  readonly #options: OpenStreamOptions
  readonly #node: NodeContext
  #body: ReadableStream<Uint8Array> | undefined

  constructor(options: OpenStreamOptions, node: NodeContext) {
    this.#options = options
    this.#node = node
  }

  pipe(destination: Writable): Writable {
    if (isClosed(this.#node)) destination.end()
    else if (destination === this.#node.res) pipeToResponse(this.#options, this.#node)
    else pipeToOther(toHosted(this.#options, this.#node), destination, toWhenGone(this.#node))
    return destination
  }

  get body(): ReadableStream<Uint8Array> {
    this.#body ??= toWebStream(toHosted(this.#options, this.#node), toWhenGone(this.#node))
    return this.#body
  }

  [Symbol.asyncIterator]() {
    return this.body[Symbol.asyncIterator]()
  }
}

function pipeToResponse({ tab, startStream, attach }: OpenStreamOptions, node: NodeContext) {
  forgetCredentials(node.req)
  const begin = (sink: SseSink) => {
    const stream = startStream(tab, sink)
    callOnClose(node.res, toLeave(stream, attach(stream)))
  }
  if (isPatched(node.res, 'write')) begin(new PatchedSink(node.res))
  else sendHeadWith(node.res, () => begin(new NodeSink(node.res)))
}

/**
 * Sends the head of the answer as a text of its own, in one packet with the first frame. Node keeps the head for as long
 * as the stream lasts, and V8 holds it as a tree of some thirty pieces until that very text is written. Otherwise Node
 * joins the head and the first frame and writes the joined text.
 */
function sendHeadWith(res: NodeContext['res'], writeFirst: () => void) {
  // A response over HTTP/2 keeps no such text.
  if ('stream' in res || !res.socket || !res.headersSent) return writeFirst()
  const { socket } = res
  socket.cork()
  try {
    res.flushHeaders()
    writeFirst()
  } finally {
    socket.uncork()
  }
}

function pipeToOther({ tab, startStream, attach }: OpenStreamOptions, destination: Writable, whenGone: WhenGone) {
  // The reader of this stream reports the error itself. Without a listener Node would throw it.
  destination.on('error', () => {})
  const stream = startStream(tab, new NodeSink(destination))
  const leave = toLeave(stream, attach(stream))
  callOnClose(destination, leave)
  // A host may keep an answer whose client has gone. Ending it would be wrong: Node's Response throws outside of any
  // promise if its body ends after it was cancelled.
  whenGone(() => {
    leave()
    destination.destroy()
  })
}

/** Separate from its callers, so that the listener keeps only `leave` in memory. */
function callOnClose(destination: Writable, leave: () => void) {
  destination.on('close', leave)
}

const toLeave = (stream: { closed(): void }, detach: () => void) => () => {
  stream.closed()
  detach()
}

const toWhenGone =
  (node: NodeContext): WhenGone =>
  (leave) =>
    isClosed(node) ? leave() : void node.res.once('close', leave)

/**
 * Prepares a stream whose frames go through a host. The host may look at the credentials of the request until it sends
 * the head of the answer, and they are forgotten then. A host that waits for a stalled reader does not see that its
 * source was destroyed, so the connection is destroyed too.
 */
function toHosted({ startStream, ...options }: OpenStreamOptions, { req, res }: NodeContext): OpenStreamOptions {
  let isForgotten = false
  function forget() {
    if (isForgotten || !res.headersSent) return
    isForgotten = true
    forgetCredentials(req)
  }
  return {
    ...options,
    startStream: (tab, sink) =>
      startStream(tab, {
        write(text, done) {
          forget()
          sink.write(text, done)
        },
        end: (text) => sink.end(text),
        destroy() {
          sink.destroy()
          if (res.writableLength > 0) res.destroy()
        },
      }),
  }
}

class NodeSink implements SseSink {
  readonly #destination: Writable

  constructor(destination: Writable) {
    this.#destination = destination
  }

  write(text: string, done: () => void) {
    this.#destination.write(text, (error) => error ?? done())
  }

  end(text: string) {
    this.#destination.end(text)
  }

  destroy() {
    this.#destination.destroy()
  }
}
