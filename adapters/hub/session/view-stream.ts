import type { AuthView } from '../../../machines/auth-view.ts'
import type { ByeReason } from '../../../machines/sync/sync-events.ts'

/** Encodes a view as the frame that a stream sends. It is called once for all streams of a session. */
export type EncodeView = (view: AuthView) => string

/** One reader of a session's views, over any transport. */
export interface ViewStream {
  /** The browser tab that reads it, if the tab named itself. */
  readonly tab: string | undefined
  /** True while a view waits for the reader to take the one before. */
  readonly isBehind: boolean
  /** Sends an encoded view. A stream that cannot keep up drops all but the latest. */
  send(frame: string): void
  /** Sends the reason and then ends. If a last view is given, it is sent first. A view that waits is dropped. */
  end(reason: ByeReason, frame?: string): void
  /** Ends at once, without a goodbye, because the reader does not take it or has come back by another stream. */
  destroy(): void
}
