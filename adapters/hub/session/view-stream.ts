/** Why a stream ends on purpose. */
export type ByeReason = 'closing' | 'rotated' | 'slow' | 'revoked'

/** One reader of a session's views, whatever carries them. */
export interface ViewStream {
  /** The browser tab that reads it, where it said so. */
  readonly tab: string | undefined
  /** Sends an encoded view. A stream that cannot keep up drops all but the latest. */
  send(frame: string): void
  /** Says why, then ends; after a last view, if one is given. */
  end(reason: ByeReason, frame?: string): void
  /** Ends at once, for a reader that does not take the goodbye, or that has come back by another stream. */
  destroy(): void
}
