import type { SharedStreamOptions } from './shared-stream.ts'
import { createOwnReader, type StreamReader } from './stream-reader.ts'

/** Creates a reader of the stream that the tabs of a browser share. Its code is loaded with the first stream. */
export function createSharedReader(options: SharedStreamOptions): StreamReader {
  let shared: Promise<StreamReader> | null = null
  const load = async () => {
    try {
      const { createSharedStream } = await import('./shared-stream.ts')
      return createSharedStream(options)
    } catch {
      // The file may be gone after a deployment.
      return createOwnReader(options.readStream)
    }
  }
  return {
    async readStream(input, send, signal) {
      const reader = await (shared ??= load())
      if (signal.aborted) throw signal.reason
      return reader.readStream(input, send, signal)
    },
    close: () => void shared?.then((reader) => reader.close()),
  }
}
