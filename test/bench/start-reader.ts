import { nextMessage, startProcess } from './start-process.ts'

export type ReaderCommand =
  /** Opens `atOnce` streams at a time. */
  | { readonly type: 'open'; readonly port: number; readonly requests: readonly string[]; readonly atOnce?: number }
  /** Answers at once, and again when so many frames with this text have come. */
  | { readonly type: 'await'; readonly mark: string; readonly count: number }
  | { readonly type: 'close' }

/** Streams that a process of their own holds. */
export interface Reader {
  /**
   * @returns the cookies that were set, or nulls, in the order of the requests. It resolves when every first frame has
   * arrived. It opens `atOnce` at a time, 64 by default.
   */
  open(port: number, requests: readonly string[], atOnce?: number): Promise<(string | null)[]>
  /** Resolves when it looks out for this text, with `seen`: resolves when so many frames with it have come. */
  lookOut(mark: string, count: number): Promise<{ seen: Promise<unknown> }>
  /** Closes every stream. */
  close(): Promise<void>
  stop(): void
}

export async function startReader(): Promise<Reader> {
  const child = await startProcess('reader-process', 'client')
  function ask<T>(command: ReaderCommand): Promise<T> {
    const answer = nextMessage<T>(child)
    child.send(command)
    return answer
  }
  return {
    open: (port, requests, atOnce) => ask({ type: 'open', port, requests, atOnce }),
    async lookOut(mark, count) {
      await ask({ type: 'await', mark, count })
      return { seen: nextMessage(child) }
    },
    close: () => ask({ type: 'close' }),
    stop: () => child.disconnect(),
  }
}
