import { attempt } from './attempt.ts'
import { takeTurn } from './take-turn.ts'
import type { Transport } from './transport.ts'

type ReadStream = Transport['readStream']

/** Reads the server's stream in the way that suits the browser. */
export interface StreamReader {
  readonly readStream: ReadStream
  /** Disconnects from the other tabs until the next stream is read. */
  readonly close: () => void
}

/**
 * True in a page of a browser whose tabs can agree on the one that reads the stream for all. It is false in a frame on
 * a page of another origin: such a frame has its own cookies if they are partitioned, but not every browser also
 * separates its channels, and it must not hear the session of another page.
 */
export function canShareStream(): boolean {
  const hasAll = () => {
    // A browser may have the class and refuse its use, as Firefox does if it blocks the data of the site.
    const channel = new BroadcastChannel('authchart')
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    channel.postMessage('')
    channel.close()
    return window.top?.location.origin === location.origin && 'request' in navigator.locks
  }
  return attempt(hasAll) ?? false
}

/** Creates a reader with a stream for this tab alone. Only one tab of a browser connects at a time. */
export function createOwnReader(read: ReadStream): StreamReader {
  const readStream: ReadStream = async (input, send, signal) => {
    const endTurn = await takeTurn('authchart')
    try {
      if (signal.aborted) throw signal.reason
      return await read(
        input,
        (event) => {
          if (event.type === 'view.received') endTurn()
          send(event)
        },
        signal,
      )
    } finally {
      endTurn()
    }
  }
  return { readStream, close() {} }
}
