import type { Writable } from 'node:stream'
import type { NodeContext } from './node-context.ts'
import type { SseSink } from './sse-stream.ts'

type NodeResponse = NodeContext['res']

/** The members of a response that a stream needs. Node's response over HTTP/2 has no `writableNeedDrain`. */
type PatchedWritable = Pick<
  Writable,
  'write' | 'end' | 'once' | 'destroy' | 'writableLength' | 'writableHighWaterMark'
> & {
  readonly writableNeedDrain?: boolean
}

/**
 * True if a middleware has replaced a method of Node's response, as express-session, compression and loggers of bodies
 * do. Such a replacement often knows only the chunk and its encoding.
 */
export const isPatched = (res: NodeResponse, method: 'write' | 'end'): boolean => Object.hasOwn(res, method)

/**
 * Lets h3 end an answer whose `end` is replaced. h3 calls `end(callback)`, and the replacement takes the callback for the
 * last chunk: express-session throws an error, and the browser gets no answer.
 */
export function acceptCallbackInEnd(res: NodeResponse): void {
  const end: (...args: never[]) => unknown = res.end.bind(res)
  const endWithoutCallback = (...args: unknown[]) => {
    const [callback] = args
    if (typeof callback !== 'function') return Reflect.apply(end, undefined, args)
    res.once('close', () => Reflect.apply(callback, undefined, []))
    return Reflect.apply(end, undefined, [])
  }
  Object.assign(res, { end: endWithoutCallback })
}

/** Writes to a response whose `write` is replaced and may drop the callback. The state of its buffer tells instead. */
export class PatchedSink implements SseSink {
  readonly #res: PatchedWritable

  constructor(res: PatchedWritable) {
    this.#res = res
  }

  write(text: string, done: () => void) {
    this.#res.write(text)
    if (isFull(this.#res)) this.#res.once('drain', done)
    else done()
  }

  end(text: string) {
    this.#res.end(text)
  }

  destroy() {
    this.#res.destroy()
  }
}

const isFull = ({ writableNeedDrain, writableLength, writableHighWaterMark }: PatchedWritable) =>
  writableNeedDrain ?? writableLength >= writableHighWaterMark
