import type { SyncEvent } from '../../machines/sync/sync-events.ts'

/** A message of one tab to the others. It contains no token; views and failures are for every page to see. */
export type TabMessage =
  /**
   * The tab looks for a stream. `isMoved` means that its server session, with this channel, differs from that of the
   * stream before.
   */
  | { readonly type: 'tab.joined'; readonly tab: string; readonly channel: string; readonly isMoved: boolean }
  /** The tab leads. The message is for all tabs, or for the tab `to`, which has just joined. */
  | { readonly type: 'tab.leads'; readonly to?: string }
  | { readonly type: 'stream.event'; readonly event: SyncEvent; readonly to?: string }

/** The connection of a tab to the other tabs of its browser. */
export interface TabChannel {
  /**
   * Connects, and passes messages to a part until its signal aborts. If a stream is closed and opened at once, there are
   * two parts, and the later one listens.
   */
  listen(part: AbortSignal, onMessage: (message: TabMessage) => void): void
  broadcast(this: void, message: TabMessage): void
  /** Disconnects until a part listens again. */
  close(this: void): void
  /** The server session of the last view that any tab received, by its channel; empty before the first view. */
  channel: string
}

/**
 * Creates the connection (BroadcastChannel).
 *
 * @param onFound Called when a view arrives for all tabs while no part listens
 */
export function createTabChannel(name: string, onFound: () => void): TabChannel {
  let connection: BroadcastChannel | null = null
  let listener: AbortSignal
  let hear: (message: TabMessage) => void

  function connect() {
    connection = new BroadcastChannel(name)
    connection.addEventListener('message', ({ data: message }: MessageEvent<TabMessage>) => {
      if (!listener.aborted) hear(message)
      else if (message.type === 'stream.event' && message.event.type === 'view.received' && !message.to) onFound()
    })
  }

  return {
    listen(part, onMessage) {
      listener = part
      hear = onMessage
      if (!connection) connect()
    },
    broadcast(message) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
      connection?.postMessage(message)
    },
    close() {
      connection?.close()
      connection = null
    },
    channel: '',
  }
}
